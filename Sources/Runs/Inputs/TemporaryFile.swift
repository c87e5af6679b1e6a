import FoundationEssentials
import Glibc
import Platform

/// The name of a temporary file, which is removed with this value.
struct TemporaryFile: ~Copyable {
    let path: String

    init(_ environment: [String: String], ending: String) {
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        path = "\(Self.folder(environment))/cai-\(getpid())-\(random).\(ending)"
        UnfinishedFiles.insert(path)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        UnfinishedFiles.remove(path)
    }

    /// `$TMPDIR`, or `/tmp`: the only folder that AWS Lambda lets a function write to.
    static func folder(_ environment: [String: String]) -> String {
        let folder = environment["TMPDIR"] ?? ""
        return folder.isEmpty ? "/tmp" : folder
    }

    /// Bytes of the file; 0 where it does not exist.
    var size: Int { (try? OpenFile(path: path))?.size ?? 0 }
}
