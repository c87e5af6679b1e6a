import Glibc
import Platform

/// Room for an object's bytes, each at its own place: addresses for all of it, memory only for what was put there and
/// not let go of.
///
/// Who may write or read which range when is the owner's to decide: the ranges of blocks that are being fetched are
/// written by one thread and read by none.
@safe final class ObjectMemory: @unchecked Sendable {
    // Sendable although it holds a pointer: see above for its bytes; they are unmapped when the last reference is gone.
    private let mapping: UnsafeMutableRawPointer
    /// At a boundary of huge pages.
    private let base: UnsafeMutableRawPointer
    private let byteCount: Int

    static let hugePage = 2 << 20

    /// - Parameters:
    ///   - byteCount: at least 1.
    ///   - hugePages: bytes that are in huge pages if the system has any, which halves the time to put something there;
    ///     they are given back as a whole.
    /// - Throws: `Failure` when the system has no addresses left for it.
    init(byteCount: Int, hugePages: Range<Int> = 0..<0, name: String) throws(Failure) {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let (size, overflow) = byteCount.addingReportingOverflow(Self.hugePage)
        guard !overflow, let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0),
            unsafe address != MAP_FAILED
        else {
            throw Failure(name, "no room for \(byteCount) bytes", SystemError())
        }
        let excess = Int(bitPattern: address) & (Self.hugePage - 1)
        unsafe mapping = address
        unsafe base = address + (excess == 0 ? 0 : Self.hugePage - excess)
        self.byteCount = byteCount
        // Where the system uses huge pages unasked, the ends of an object would take 4 MB instead of 576 KB.
        unsafe madvise(mapping, size, MADV_NOHUGEPAGE)
        guard !hugePages.isEmpty else { return }
        unsafe madvise(base + hugePages.lowerBound, hugePages.count, MADV_HUGEPAGE)
    }

    deinit { unsafe munmap(mapping, byteCount + Self.hugePage) }

    /// Puts `bytes`, which fit, at `offset`.
    func write(_ bytes: RawSpan, at offset: Int) {
        precondition(offset >= 0 && bytes.byteCount <= byteCount - offset)
        unsafe bytes.withUnsafeBytes { source in
            if let first = source.baseAddress { unsafe memcpy(base + offset, first, source.count) }
        }
    }

    /// Calls `body` with the bytes of `range`, which lies inside.
    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        defer { withExtendedLifetime(self) {} }
        let bytes = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
        return try unsafe body(bytes.bytes)
    }

    /// Gives the memory of `range` back, whose bounds are multiples of the page size, but for the object's end.
    func discard(_ range: Range<Int>) { unsafe madvise(base + range.lowerBound, range.count, MADV_DONTNEED) }
}
