import FoundationEssentials
import Glibc
import TensorFiles

/// A folder of buckets for one experiment: partitions in `data`, runs that are under way in `results`.
public struct ScratchFolder: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    var data: String { path + "/data" }
    var results: String { path + "/results" }
    /// By this file a folder is known to be an experiment's, and whose.
    private var marker: String { path + "/cai-experiment" }

    /// Makes the folder; what an experiment that was killed has left in it is removed.
    /// - Throws: `ExperimentError` where something else is in it, or another process works there.
    func make() throws(ExperimentError) {
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: path)) ?? []
        if let owner = try? String(contentsOfFile: marker, encoding: .utf8) {
            if owner != Self.process(getpid()), let id = owner.split(separator: " ").first.flatMap({ Int32($0) }),
                Self.process(id) == owner
            {
                throw ExperimentError("\(path): another experiment, process \(id), is at work there")
            }
            remove()
        } else if let other = names.min() {
            throw ExperimentError("\(path): expected an empty folder for scratch, found '\(other)' in it")
        }
        for folder in [data, results] { try files.makeFolder(folder) }
        try passing {
            let file = try AtomicFile(path: marker)
            try file.write(Array(Self.process(getpid()).utf8))
            try file.commit()
        }
    }

    /// Removes the folder and all in it.
    public func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// A process's id and when it started (field 22 of /proc/PID/stat, in ticks since the system did), which together
    /// no other has.
    private static func process(_ id: Int32) -> String {
        let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        return "\(id) \(fields.count > 19 ? String(fields[19]) : "")"
    }
}
