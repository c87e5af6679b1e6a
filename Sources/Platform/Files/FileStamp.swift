import Glibc

/// Which file it is (device and inode), its size and when it was last written: unchanged while the file is not written to,
/// and different for a copy.
public struct FileStamp: Sendable, Equatable, CustomStringConvertible {
    private let device: dev_t
    private let inode: ino_t
    /// Bytes.
    package let size: Int
    /// Whether it is neither a folder nor a pipe nor a device.
    package let isRegular: Bool
    private let seconds: Int
    private let nanoseconds: Int

    package init(_ status: stat) {
        (device, inode, size) = (status.st_dev, status.st_ino, Int(status.st_size))
        isRegular = status.st_mode & S_IFMT == S_IFREG
        (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }

    /// nil where there is no file.
    public init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Whether both are of one file, whatever its path, links included, and whenever it was written.
    package func isSameFile(as other: FileStamp) -> Bool { device == other.device && inode == other.inode }

    /// Changes whenever the file is replaced or written to.
    package var etag: String {
        [UInt64(size), UInt64(inode), UInt64(seconds), UInt64(nanoseconds)].map { String($0, radix: 16) }
            .joined(separator: "-")
    }

    /// Time of the last write and size, which a copy that keeps times has as well.
    public var description: String { "\(seconds).\(nanoseconds):\(size)" }
}
