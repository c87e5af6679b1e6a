import Glibc

/// A file mapped into memory, read-only. Its bytes are loaded page by page as they are touched.
///
/// The size is taken when the file is opened. A file that another program cuts short afterwards cannot be read safely.
@safe public final class MappedFile: ByteSource, @unchecked Sendable {
    // Sendable although it holds a pointer: the pages are read-only and unmapped only when the last reference is gone.
    public let name: String
    public let byteCount: Int
    private let base: UnsafeRawPointer

    /// - Throws: `TensorFileError` for a missing, unreadable or empty file and for anything that is no regular file.
    public init(path: String) throws(TensorFileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw TensorFileError(file: path, message: "cannot be opened: \(SystemError.text(errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw TensorFileError(file: path, message: "cannot be examined: \(SystemError.text(errno))")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw TensorFileError(file: path, message: "is a folder, not a file")
        default: throw TensorFileError(file: path, message: "is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw TensorFileError(file: path, message: "is empty") }
        guard let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
            unsafe address != MAP_FAILED
        else {
            throw TensorFileError(file: path, message: "cannot be mapped: \(SystemError.text(errno))")
        }
        name = path
        byteCount = size
        unsafe base = UnsafeRawPointer(address)
    }

    deinit {
        unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
    }

    public func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(TensorFileError) -> Result
    ) throws(TensorFileError) -> Result {
        try check(range)
        defer { withExtendedLifetime(self) {} }
        let bytes = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
        return try unsafe body(bytes.bytes)
    }

    /// Asks for the pages of `range` to be read ahead. A hint: nothing depends on it.
    public func prefetch(_ range: Range<Int>) { advise(range, MADV_WILLNEED, inner: false) }

    /// Lets go of the pages that lie wholly in `range`; they are read again when they are touched again. Keeps a pass
    /// over a file from holding all of it.
    public func release(_ range: Range<Int>) { advise(range, MADV_DONTNEED, inner: true) }

    private func advise(_ range: Range<Int>, _ advice: Int32, inner: Bool) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let clamped = range.clamped(to: 0..<byteCount)
        guard page > 0, !clamped.isEmpty else { return }
        let start = (inner ? (clamped.lowerBound + page - 1) : clamped.lowerBound) / page * page
        let end = inner ? clamped.upperBound / page * page : clamped.upperBound
        guard end > start else { return }
        unsafe madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, advice)
    }
}

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
}
