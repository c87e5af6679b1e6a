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

    /// All of it, piece by piece: a pipe (`cai infer ... | cai evaluate /dev/stdin`) does not tell its length.
    /// - Throws: `Failure` naming the file.
    package static func read(_ path: String) throws(Failure) -> [UInt8] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Failure("\(path): no such file")
        }
        guard !isFolder else { throw Failure("\(path): is a folder, not a file") }
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("\(path): cannot be read") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw Failure("\(path): cannot be read") }
            if count == 0 { return bytes }
            bytes += piece.prefix(max(0, count))
        }
    }
}
