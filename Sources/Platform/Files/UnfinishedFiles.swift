import FoundationEssentials
import Glibc
import Synchronization

/// Files that are useless once this process has ended: those that are still written under a temporary name, and temporary
/// copies.
public enum UnfinishedFiles {
    private struct State {
        var paths: Set<String> = []
        var isEnding = false
    }

    private static let state = Mutex(State())

    /// Registers a file before it is created. Does not return after `removeAll`: the process is ending.
    public static func insert(_ path: String) {
        while true {
            let isEnding = state.withLock { state in
                if !state.isEnding { state.paths.insert(path) }
                return state.isEnding
            }
            guard isEnding else { return }
            sleep(1)
        }
    }

    /// Unregisters a file that has been renamed or removed.
    public static func remove(_ path: String) { state.withLock { _ = $0.paths.remove(path) } }

    /// Removes all registered files. For a process that ends in the middle of its work.
    public static func removeAll() {
        state.withLock { state in
            state.isEnding = true
            for path in state.paths { _ = unsafe unlink(path) }
            state.paths = []
        }
    }

    /// A temporary name for the file that will be `path`, which no other process uses.
    package static func name(for path: String) -> String {
        "\(path).partial-\(getpid())-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
    }

    /// Removes the temporary files of `path` that killed processes left. The caller makes sure that no process writes it now.
    public static func removeLeftovers(of path: String) {
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let folder = start == path.startIndex ? "./" : String(path[..<start])
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where finalName(of: name) == path[start...] {
            _ = unsafe unlink(folder + name)
        }
    }

    /// The name that a file with a temporary name will have; nil for any other name.
    package static func finalName(of name: String) -> Substring? {
        guard let mark = name.ranges(of: ".partial-").last else { return nil }
        let parts = name[mark.upperBound...].split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, Int32(parts[0]) != nil, UInt32(parts[1], radix: 16) != nil else { return nil }
        return name[..<mark.lowerBound]
    }
}
