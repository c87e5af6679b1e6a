import FoundationEssentials
import Glibc

/// Files, pipes and devices as bytes.
package enum FileBytes {
    /// The bytes of a file without copying them into memory; those of a pipe or a device in memory.
    /// - Throws: `Failure` naming the file.
    package static func open(_ path: String) throws(Failure) -> any ByteSource {
        if let stamp = FileStamp(path: path), stamp.isRegular, stamp.size > 0 { return try MappedFile(path: path) }
        return MemorySource(name: path, bytes: try read(path))
    }

    /// All bytes of a file, or of a pipe, whose length is not known before its end (`cai evaluate /dev/stdin`).
    /// - Throws: `Failure` that names the file.
    package static func read(_ path: String) throws(Failure) -> [UInt8] {
        guard let isFolder = FileManager.default.isFolder(path) else { throw Failure(.notFound, path, "no such file") }
        guard !isFolder else { throw Failure(path, "is a folder, not a file") }
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path, "cannot be read", SystemError()) }
        defer { close(descriptor) }
        do throws(SystemError) {
            return try FileCalls.readToEnd(descriptor)
        } catch {
            throw Failure(path, "cannot be read", error)
        }
    }
}
