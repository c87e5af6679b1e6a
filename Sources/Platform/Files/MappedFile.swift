import CMapping
import Glibc

/// A file mapped into memory, read-only. Its bytes are loaded page by page as they are touched.
///
/// The size is taken when the file is opened. Reading a file that another program cuts short afterwards, or whose disk
/// fails, is an error, told when the bytes were read: what was made of them is not to be used.
@safe public final class MappedFile: ByteSource, @unchecked Sendable {
    // Sendable although it holds a pointer: the pages are read-only and unmapped only when the last reference is gone.
    public let name: String
    public let byteCount: Int
    private let base: UnsafeRawPointer
    /// What it is watched as: see `CMapping`.
    private let watched: Int
    /// Of the file itself, whatever has its name now.
    private let opened: FileStamp

    /// - Throws: `Failure` for a missing, unreadable or empty file and for anything that is no regular file.
    public init(path: String) throws(Failure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw Failure(path, "cannot be opened: \(SystemError.text(errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw Failure(path, "cannot be examined: \(SystemError.text(errno))")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Failure(path, "is a folder, not a file")
        default: throw Failure(path, "is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw Failure(path, "is empty") }
        guard let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
            unsafe address != MAP_FAILED
        else {
            throw Failure(path, "cannot be mapped: \(SystemError.text(errno))")
        }
        name = path
        byteCount = size
        unsafe base = UnsafeRawPointer(address)
        watched = unsafe cai_mapping_watch(address, size)
        opened = FileStamp(status)
    }

    deinit {
        cai_mapping_forget(watched)
        unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
    }

    public func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try check(range)
        defer { withExtendedLifetime(self) {} }
        let bytes = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
        let result: Result
        do throws(Failure) {
            result = try unsafe body(bytes.bytes)
        } catch {
            // What could not be loaded was read as zeros: an error about those is none about the file.
            try checkLoaded()
            throw error
        }
        try checkLoaded()
        return result
    }

    private func checkLoaded() throws(Failure) {
        guard cai_mapping_is_torn(watched) != 0 else { return }
        throw Failure(
            name, "can no longer be read: it was cut short meanwhile, or the disk it is on fails")
    }

    /// Between its new end and the next page, a file that was cut short reads as zeros, and what is written over it reads
    /// as what it is: without any error.
    public func checkIntact() throws(Failure) {
        try checkLoaded()
        guard let now = FileStamp(path: name), now.device == opened.device, now.inode == opened.inode, now != opened
        else { return }
        throw Failure(
            name,
            now.size < byteCount
                ? "was cut short while it was read: expected \(byteCount) bytes, found \(now.size)"
                : "was changed while it was read")
    }

    public func prefetch(_ range: Range<Int>) {
        // The kernel reads no more than one request of the device for a call, whatever the length.
        let request = 128 << 10
        let range = range.clamped(to: 0..<byteCount)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: request) {
            advise(start..<min(start + request, range.upperBound), MADV_WILLNEED, within: Self.page)
        }
    }

    /// Lets go of the pages of `range`, and of those around it that the kernel mapped with them; whoever touches them
    /// again finds them again. Keeps a pass over a file from holding all of it.
    public func release(_ range: Range<Int>) { advise(range, MADV_DONTNEED, within: Self.mappedTogether) }

    private static let page = max(4096, Int(sysconf(Int32(_SC_PAGESIZE))))
    /// A page that is touched brings its neighbours within 64 KiB along (fault_around_bytes).
    private static let mappedTogether = max(page, 64 << 10)

    /// - Parameter unit: addresses are rounded outwards to multiples of it, and stay within the file.
    private func advise(_ range: Range<Int>, _ advice: Int32, within unit: Int) {
        let range = range.clamped(to: 0..<byteCount)
        guard !range.isEmpty else { return }
        let start = unsafe UInt(bitPattern: base) + UInt(range.lowerBound)
        let end = unsafe UInt(bitPattern: base) + UInt(range.upperBound)
        let first = unsafe max(UInt(bitPattern: base), start / UInt(unit) * UInt(unit))
        let last = unsafe min(
            UInt(bitPattern: base) + UInt(byteCount), (end + UInt(unit) - 1) / UInt(unit) * UInt(unit))
        unsafe madvise(UnsafeMutableRawPointer(bitPattern: first), Int(last - first), advice)
    }
}
