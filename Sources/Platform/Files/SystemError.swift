import Glibc

/// Why a system call failed: its error number (errno).
public struct SystemError: Error, Equatable {
    public let number: Int32

    /// - Parameter number: of this thread's last call, unless given.
    public init(_ number: Int32 = errno) { self.number = number }

    /// The system's description, such as `No space left on device`.
    public var text: String {
        var buffer = [CChar](repeating: 0, count: 256)
        let capacity = buffer.count
        _ = unsafe strerror_r(number, &buffer, capacity)
        let text = String(zeroTerminated: buffer)
        return text.isEmpty ? "error \(number)" : text
    }

    /// The kind of failure of a call on files or memory.
    ///
    /// EPIPE is `.unavailable`: only for the standard output does it mean that no more output is wanted (`.closedPipe`).
    package var kind: Failure.Kind {
        switch number {
        case ENOENT, ENOTDIR: .notFound
        case EACCES, EPERM, EROFS: .denied
        case EEXIST: .conflict
        case EISDIR, ELOOP, ENAMETOOLONG: .input
        case ENOSPC, EDQUOT, EFBIG: .outOfSpace
        case ENOMEM: .outOfMemory
        default: .unavailable
        }
    }
}

extension Failure {
    /// A failed system call on `subject`: `message: description of the error`, of the kind that the error number means.
    package init(_ subject: String, _ message: String, _ error: SystemError) {
        self.init(error.kind, subject, "\(message): \(error.text)")
    }
}
