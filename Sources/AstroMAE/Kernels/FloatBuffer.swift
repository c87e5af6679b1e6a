import Glibc
import Platform

/// Zeroed, 64-byte aligned floats that live as long as the object: packed weights and workspaces.
///
/// Unsafe: a writer has to be the only owner. Weights are written before they are shared and only read afterwards; a
/// workspace belongs to one thread.
final class FloatBuffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let count: Int
    /// The mapping that holds the floats; nil for small buffers, which are on the heap.
    private let pages: LargePages?

    /// The most floats of one buffer of a workspace: offsets into it fit 32 bits with room to spare.
    static let largestCount = 1 << 27

    /// - Parameter arena: shared by many buffers that live equally long.
    /// - Throws: `Failure` of kind `outOfMemory` with the number of bytes.
    init(count: Int, in arena: FloatArena? = nil) throws(Failure) {
        self.count = count
        let bytes = Swift.max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
        let raw: UnsafeMutableRawPointer
        if let arena {
            (raw, pages) = try arena.take(bytes)
        } else if bytes >= LargePages.size {
            let pages = try LargePages(byteCount: bytes)
            (raw, self.pages) = (pages.base, pages)
        } else {
            pages = nil
            guard let memory = aligned_alloc(64, bytes) else { throw .outOfMemory(byteCount: bytes) }
            raw = memory
            raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        }
        base = raw.assumingMemoryBound(to: Float.self)
    }

    deinit { if pages == nil { free(base) } }
}

/// One zeroed buffer in parts, each of which begins at a multiple of 64 bytes.
struct FloatParts {
    private let storage: FloatBuffer
    private let offsets: [Int]

    init(_ sizes: [Int]) throws(Failure) {
        offsets = sizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + ($1 + 15) / 16 * 16) }
        storage = try FloatBuffer(count: offsets[sizes.count])
    }

    subscript(index: Int) -> UnsafeMutablePointer<Float> { storage.base + offsets[index] }
}

/// Allocates parts of a few large mappings: a network's weights then lie in fewer pages, which are faster to fault in
/// and to look up. Belongs to one thread. Its parts outlive it.
final class FloatArena {
    private var pages: LargePages?
    private var used = 0

    /// - Parameter bytes: a multiple of 64.
    fileprivate func take(_ bytes: Int) throws(Failure) -> (UnsafeMutableRawPointer, LargePages) {
        if let pages, pages.byteCount - used >= bytes {
            defer { used += bytes }
            return (pages.base + used, pages)
        }
        let fresh = try LargePages(byteCount: Swift.max(bytes, 4 * LargePages.size))
        // Of the two mappings, the one with more bytes left serves the next request.
        if fresh.byteCount - bytes >= (pages?.byteCount ?? 0) - used { (pages, used) = (fresh, bytes) }
        return (fresh.base, fresh)
    }
}

/// Zeroed memory for which the system is asked for large pages: one fault for 2 MB instead of one for 4 KB, and as many
/// fewer entries of the page tables. Pages that are never touched take no memory.
private final class LargePages {
    static let size = 2 << 20
    /// Address space that a mapping leaves free for stacks and the heap, whose small allocations cannot report failures.
    private static let spare = 32 << 20

    let base: UnsafeMutableRawPointer
    /// A multiple of a large page.
    let byteCount: Int
    private let map: UnsafeMutableRawPointer

    init(byteCount: Int) throws(Failure) {
        let rounded = (byteCount + Self.size - 1) / Self.size * Self.size
        let length = rounded + Self.size
        guard let map = mmap(nil, length + Self.spare, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), map != MAP_FAILED
        else { throw .outOfMemory(byteCount: byteCount) }
        munmap(map + length, Self.spare)
        guard mprotect(map, length, PROT_READ | PROT_WRITE) == 0 else {
            munmap(map, length)
            throw .outOfMemory(byteCount: byteCount)
        }
        self.map = map
        self.byteCount = rounded
        base = map.alignedUp(toMultipleOf: Self.size)
        madvise(base, rounded, MADV_HUGEPAGE)
    }

    deinit { munmap(map, byteCount + Self.size) }
}

extension Failure {
    fileprivate static func outOfMemory(byteCount: Int) -> Failure {
        Failure(.outOfMemory, "out of memory: \(byteCount) bytes could not be allocated")
    }
}

/// Offsets for the kernels' row and run tables, fixed for the life of the object; the thread that owns a workspace
/// rewrites those of the workspace.
final class OffsetTable: @unchecked Sendable {
    let base: UnsafeMutablePointer<Int32>
    let count: Int

    init(_ offsets: [Int]) {
        count = offsets.count
        base = .allocate(capacity: Swift.max(1, offsets.count))
        for (index, offset) in offsets.enumerated() { base[index] = Int32(offset) }
    }

    deinit { base.deallocate() }
}
