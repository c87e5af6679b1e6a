import FoundationEssentials
import Glibc

/// The path of a file that exists no longer than the work it is for. Removed with the last reference, and when a signal
/// ends the process (`UnfinishedFiles`).
package final class TemporaryFile: Sendable {
    package let path: String

    /// A new path in the folder for temporary files; no file is created.
    /// - Parameter ending: of the name, without the dot; empty for none.
    package init(_ environment: [String: String] = ProcessInfo.processInfo.environment, ending: String = "") {
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        path = "\(Self.folder(environment))/cai-\(getpid())-\(random)\(ending.isEmpty ? "" : "." + ending)"
        UnfinishedFiles.insert(path)
    }

    deinit { remove() }

    /// Removes the file's name. Those who have the file open can still read and write it; its space is freed when the last
    /// of them closes it, however the process ends.
    package func remove() {
        _ = unsafe unlink(path)
        UnfinishedFiles.remove(path)
    }

    /// Creates the file, readable and writable for this user alone.
    /// - Returns: its descriptor, which the caller closes.
    package func create(or failure: (SystemError) -> Failure) throws(Failure) -> Int32 {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(SystemError()) }
        return descriptor
    }

    /// Bytes of the file; 0 where it does not exist.
    package var size: Int { FileStamp(path: path)?.size ?? 0 }

    /// `$TMPDIR`, or `/tmp`, which is the only folder that AWS Lambda lets a function write to.
    package static func folder(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        environment.set("TMPDIR") ?? "/tmp"
    }
}
