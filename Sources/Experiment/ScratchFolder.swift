import FoundationEssentials
import Glibc
import Platform

/// A folder of buckets for one experiment: partitions in `data`, unfinished runs in `results`.
public struct ScratchFolder: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    var data: String { path + "/data" }
    var results: String { path + "/results" }
    /// The marker of a scratch folder, which names the process that uses it.
    private static let marker = "cai-experiment"

    /// Creates the folder; removes the files of a killed experiment from it.
    /// - Throws: `Failure` where it holds something else, or another process uses it.
    func make() throws(Failure) {
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: path)) ?? []
        if let owner = owner(of: path) {
            if owner != Self.process(getpid()), let id = owner.split(separator: " ").first.flatMap({ Int32($0) }),
                Self.process(id) == owner
            {
                throw Failure("\(path): another experiment, process \(id), is at work there")
            }
            erase()
        } else if let other = names.min() {
            throw Failure("\(path): expected an empty folder for scratch, found '\(other)' in it")
        }
        for folder in [data, results] { try files.makeFolder(folder) }
        try AtomicFile.write(Array(Self.process(getpid()).utf8), to: path + "/" + Self.marker)
    }

    /// Removes the folder with its content, if this process created it.
    public func remove() { if owner(of: path) == Self.process(getpid()) { erase() } }

    /// Renames the folder first: another writer then finds no bucket, and leaves nothing behind.
    private func erase() {
        let files = FileManager.default
        let aside = path + ".removed"
        // The remains of an earlier process that was killed while it removed the folder.
        if owner(of: aside) != nil { try? files.removeItem(atPath: aside) }
        if (try? files.moveItem(atPath: path, toPath: aside)) != nil { try? files.removeItem(atPath: aside) }
        try? files.removeItem(atPath: path)
    }

    /// The content of the marker; nil for a folder without one.
    private func owner(of folder: String) -> String? {
        try? String(contentsOfFile: folder + "/" + Self.marker, encoding: .utf8)
    }

    /// A process's id and start time (field 22 of /proc/PID/stat, in ticks since boot), which together are
    /// unique.
    private static func process(_ id: Int32) -> String {
        let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        return "\(id) \(fields.count > 19 ? String(fields[19]) : "")"
    }
}
