import Glibc

/// A regular file that is open for reading: the bytes that are read belong to the size and ETag it was opened with.
package final class OpenFile: Sendable {
    package let path: String
    private let descriptor: Int32
    private let stamp: FileStamp
    /// User id of the owner.
    package let owner: uid_t

    /// Bytes.
    package var size: Int { stamp.size }
    /// Changes whenever the file is replaced or written to.
    package var etag: String { stamp.etag }

    /// nil where there is no such file, or it is a folder.
    /// - Throws: `Failure` where it cannot be opened, or is a pipe or a device.
    package init?(path: String) throws(Failure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let error = SystemError()
            if [ENOENT, ENOTDIR, EISDIR].contains(error.number) { return nil }
            throw Failure(path, "cannot be opened", error)
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
        stamp = FileStamp(status)
        owner = status.st_uid
    }

    deinit { close(descriptor) }

    /// - Throws: `Failure` where the file has become shorter since it was opened, or cannot be read.
    package func read(_ range: Range<Int>) throws(Failure) -> [UInt8] {
        let bytes = try FileCalls.read(descriptor, at: range.lowerBound, count: range.count) {
            Failure(path, "cannot be read", $0)
        }
        guard bytes.count == range.count else {
            throw Failure(
                .unavailable, path, "expected bytes \(range), found an end at \(range.lowerBound + bytes.count)")
        }
        return bytes
    }
}
