import FoundationEssentials
import Glibc
import Platform
import TensorFiles

/// A folder of buckets for one experiment: partitions in `data`, runs that are under way in `results`.
public struct ScratchFolder: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    var data: String { path + "/data" }
    var results: String { path + "/results" }
    /// By this file a folder is known to be an experiment's, and whose.
    private static let marker = "cai-experiment"

    /// Makes the folder; what an experiment that was killed has left in it is removed.
    /// - Throws: `Failure` where something else is in it, or another process works there.
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

    /// Removes the folder and all in it, where this process has made it.
    public func remove() {
        if owner(of: path) == Self.process(getpid()) { erase() }
    }

    /// It goes by another name first: who still writes finds no bucket then, and leaves nothing behind.
    private func erase() {
        let files = FileManager.default
        let aside = path + ".removed"
        // What was left of it when an earlier process was killed at just this.
        if owner(of: aside) != nil { try? files.removeItem(atPath: aside) }
        if (try? files.moveItem(atPath: path, toPath: aside)) != nil { try? files.removeItem(atPath: aside) }
        try? files.removeItem(atPath: path)
    }

    /// What the marker in an experiment's folder says; nil in any other.
    private func owner(of folder: String) -> String? {
        try? String(contentsOfFile: folder + "/" + Self.marker, encoding: .utf8)
    }

    /// A process's id and when it started (field 22 of /proc/PID/stat, in ticks since the system did), which together
    /// no other has.
    private static func process(_ id: Int32) -> String {
        let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        return "\(id) \(fields.count > 19 ? String(fields[19]) : "")"
    }
}
