import Glibc
import Platform

/// A file on this machine that is read by ranges, for an upload.
final class LocalFile: Sendable {
    let path: String
    /// Bytes, when it was opened.
    let size: Int
    private let descriptor: Int32

    /// - Throws: `Failure.notFound` or `.input` for what cannot be read, or is no regular file.
    init(_ path: String) throws(Failure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw Failure(errno == ENOENT ? .notFound : .input, path.printable, "cannot be opened: \(Self.reason)")
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw Failure(.input, path.printable, "is no regular file")
        }
        self.path = path
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// - Throws: `Failure.conflict` where the file has become shorter.
    func read(_ range: Range<Int>) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < range.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(
                    descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, range.lowerBound + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(.input, path.printable, "cannot be read: \(Self.reason)") }
            guard count > 0 else {
                throw Failure(.conflict, path.printable, "has become shorter than \(size) bytes while it was read")
            }
            done += count
        }
        return bytes
    }

    private static var reason: String {
        let number = errno
        return unsafe String(cString: strerror(number))
    }
}
