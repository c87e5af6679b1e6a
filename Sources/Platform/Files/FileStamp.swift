import Glibc

/// Which file it is, and when it was last written: the same as long as nobody writes to it, and another one for a copy.
public struct FileStamp: Sendable, Equatable, CustomStringConvertible {
    package let device: dev_t
    package let inode: ino_t
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

    /// When it was written, and its size: what a copy that keeps times has as well.
    public var description: String { "\(seconds).\(nanoseconds):\(size)" }
}
