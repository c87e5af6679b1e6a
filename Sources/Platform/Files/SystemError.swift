import Glibc

/// The system's words for an error number.
public enum SystemError {
    public static func text(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let capacity = buffer.count
        _ = unsafe strerror_r(number, &buffer, capacity)
        let end = buffer.firstIndex(of: 0) ?? 0
        let text = String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty ? "error \(number)" : text
    }

    /// The kind of failure that an error number of a call on files or memory is.
    package static func kind(_ number: Int32) -> Failure.Kind {
        switch number {
        case ENOENT, ENOTDIR: .notFound
        case EACCES, EPERM, EROFS: .denied
        case EEXIST: .conflict
        case ENOSPC, EDQUOT, EFBIG: .outOfSpace
        case ENOMEM: .outOfMemory
        case EPIPE: .closedPipe
        default: .unavailable
        }
    }
}
