import Glibc

/// A regular file that is open for reading: what is read is what its size and ETag were taken from.
package final class OpenFile {
    private let path: String
    private let descriptor: Int32
    /// Bytes.
    package let size: Int
    /// Changes whenever the file is replaced or written to.
    package let etag: String
    /// The user whose it is.
    package let owner: uid_t

    /// nil where there is no such file, or it is a folder.
    /// - Throws: `Failure` where there is one that cannot be read.
    package init?(path: String) throws(Failure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = errno
            if [ENOENT, ENOTDIR, EISDIR].contains(reason) { return nil }
            throw Failure(.unavailable, path, "cannot be opened: \(SystemError.text(reason))")
        }
        var status = stat()
        let isKnown = unsafe fstat(descriptor, &status) == 0
        guard isKnown, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            if isKnown, status.st_mode & S_IFMT == S_IFDIR { return nil }
            throw Failure(.unavailable, path, "is not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        size = Int(status.st_size)
        owner = status.st_uid
        let parts = [UInt64(status.st_size), UInt64(status.st_ino), UInt64(status.st_mtim.tv_sec)]
        etag = (parts + [UInt64(status.st_mtim.tv_nsec)]).map { String($0, radix: 16) }.joined(separator: "-")
    }

    deinit { close(descriptor) }

    /// - Throws: `Failure` where the file has become shorter meanwhile, or cannot be read.
    package func read(_ range: Range<Int>) throws(Failure) -> [UInt8] {
        let bytes: [UInt8]
        do throws(FileCalls.Failure) {
            bytes = try FileCalls.read(descriptor, at: range.lowerBound, count: range.count)
        } catch {
            throw Failure(.unavailable, path, "cannot be read: \(error.text)")
        }
        guard bytes.count == range.count else {
            throw Failure(
                .unavailable, path, "expected bytes \(range), found an end at \(range.lowerBound + bytes.count)")
        }
        return bytes
    }
}
