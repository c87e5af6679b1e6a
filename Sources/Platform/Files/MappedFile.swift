import CMapping
import Glibc
import Synchronization

/// A file mapped into memory, read-only. Pages are loaded when their bytes are accessed.
///
/// The size is that when the file was opened. Reading a file that another program cuts short afterwards, or whose disk
/// fails, throws after the bytes were read: results made of them must be discarded.
@safe public final class MappedFile: ByteSource, @unchecked Sendable {
    // Sendable although it holds a pointer: the pages are read-only and unmapped only when the last reference is gone.
    public let name: String
    public let byteCount: Int
    private let base: UnsafeRawPointer
    /// Number of the mapping in `CMapping`, which handles failing reads.
    private let watched: Int
    /// Of the file that was opened, which may no longer have this name.
    private let opened: FileStamp
    /// Whether the pages are the file's, not a copy.
    private let isMapped: Bool

    /// Whether files are read into memory when they are opened, instead of being mapped: for a library in another program.
    /// Its process keeps its own handler of SIGBUS, which a file that is cut short while it is mapped would raise. Set it
    /// before the first file is opened.
    package static let readsWhole = Atomic(false)

    /// - Throws: `Failure` for a missing, unreadable or empty file and for anything but a regular file.
    public init(path: String) throws(Failure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(path, "cannot be opened", SystemError()) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Failure(path, "cannot be examined", SystemError()) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Failure(path, "is a folder, not a file")
        default: throw Failure(path, "is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw Failure(path, "is empty") }
        isMapped = !Self.readsWhole.load(ordering: .relaxed)
        let address =
            unsafe isMapped
            ? mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
            : mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw Failure(path, "cannot be mapped", SystemError())
        }
        do throws(Failure) {
            if !isMapped { try unsafe Self.read(descriptor, path, into: address, count: size) }
        } catch {
            unsafe munmap(address, size)
            throw error
        }
        name = path
        byteCount = size
        unsafe base = UnsafeRawPointer(address)
        watched = unsafe isMapped ? cai_mapping_watch(address, size) : -1
        opened = FileStamp(status)
    }

    private static func read(
        _ descriptor: Int32, _ path: String, into address: UnsafeMutableRawPointer, count: Int
    ) throws(Failure) {
        var done = 0
        while done < count {
            let read = unsafe pread(descriptor, address + done, count - done, done)
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw Failure(path, "cannot be read", SystemError()) }
            guard read > 0 else {
                throw Failure(path, "was cut short while it was read: expected \(count) bytes, found \(done)")
            }
            done += read
        }
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
            // Pages that could not be loaded were read as zeros, which may have caused the error.
            try checkLoaded()
            throw error
        }
        try checkLoaded()
        return result
    }

    private func checkLoaded() throws(Failure) {
        guard cai_mapping_is_torn(watched) != 0 else { return }
        throw Failure(name, "can no longer be read: it was cut short meanwhile, or the disk it is on fails")
    }

    /// Compares the file's size and time of the last write with those when it was opened. Neither zeros between a new end
    /// and the end of its page nor bytes that another program writes cause an error when they are read.
    public func checkIntact() throws(Failure) {
        try checkLoaded()
        guard let now = FileStamp(path: name), now.isSameFile(as: opened), now != opened else { return }
        throw Failure(
            name,
            now.size < byteCount
                ? "was cut short while it was read: expected \(byteCount) bytes, found \(now.size)"
                : "was changed while it was read")
    }

    public func prefetch(_ range: Range<Int>) {
        // For one call the kernel reads no more than one request of the device, whatever the length.
        let request = 128 << 10
        let range = range.clamped(to: 0..<byteCount)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: request) {
            advise(start..<min(start + request, range.upperBound), MADV_WILLNEED, within: Self.page)
        }
    }

    /// Releases the pages of `range`, and of the surrounding range that the kernel mapped with them, so that a pass over a
    /// file does not hold all of it. They are loaded again when they are accessed again.
    public func release(_ range: Range<Int>) { advise(range, MADV_DONTNEED, within: Self.mappedTogether) }

    private static let page = max(4096, Int(sysconf(Int32(_SC_PAGESIZE))))
    /// A page fault also maps the neighbouring pages within 64 KiB (fault_around_bytes), one page on some 64-bit ARM systems.
    private static let mappedTogether = max(page, 64 << 10)

    private func advise(_ range: Range<Int>, _ advice: Int32, within unit: Int) {
        // Pages of a copy that are released are zeros when they are read again.
        guard isMapped else { return }
        let range = range.clamped(to: 0..<byteCount)
        guard !range.isEmpty else { return }
        let start = unsafe UInt(bitPattern: base)
        let addresses = start + UInt(range.lowerBound)..<start + UInt(range.upperBound)
        let pages = Self.pages(of: addresses, unit: UInt(unit), within: start..<start + UInt(byteCount))
        unsafe madvise(UnsafeMutableRawPointer(bitPattern: pages.lowerBound), pages.count, advice)
    }

    /// The range with its bounds rounded outwards to multiples of `unit`, within the mapping.
    static func pages(of range: Range<UInt>, unit: UInt, within mapping: Range<UInt>) -> Range<UInt> {
        let first = range.lowerBound / unit * unit
        let last = (range.upperBound + unit - 1) / unit * unit
        return (first..<last).clamped(to: mapping)
    }
}
