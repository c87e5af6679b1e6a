import Glibc

/// Zeroed, 64-byte aligned floats that live as long as the object: packed weights and workspaces.
///
/// Unsafe: whoever writes must be the only one to hold it. Weights are written before they are shared and only read
/// afterwards; a workspace belongs to one thread.
final class FloatBuffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let count: Int
    /// Where the floats lie; nil where they have memory of their own.
    private let pages: LargePages?

    /// - Parameter arena: where many buffers are wanted that live equally long.
    init(count: Int, in arena: FloatArena? = nil) {
        self.count = count
        let bytes = Swift.max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
        let raw: UnsafeMutableRawPointer
        if let arena {
            (raw, pages) = arena.take(bytes)
        } else if bytes >= LargePages.size {
            let pages = LargePages(byteCount: bytes)
            (raw, self.pages) = (pages.base, pages)
        } else {
            pages = nil
            raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        }
        base = raw.assumingMemoryBound(to: Float.self)
    }

    deinit { if pages == nil { UnsafeMutableRawPointer(base).deallocate() } }
}

/// Hands out parts of a few large maps: a network's weights lie in fewer pages so, which are made and found faster.
/// Belongs to one thread. What it gave stays when it goes.
final class FloatArena {
    private var pages: LargePages?
    private var used = 0

    /// - Parameter bytes: a multiple of 64.
    fileprivate func take(_ bytes: Int) -> (UnsafeMutableRawPointer, LargePages) {
        if let pages, pages.byteCount - used >= bytes {
            defer { used += bytes }
            return (pages.base + used, pages)
        }
        let fresh = LargePages(byteCount: Swift.max(bytes, 4 * LargePages.size))
        // The rest of whichever has more of it serves the next.
        if fresh.byteCount - bytes >= (pages?.byteCount ?? 0) - used { (pages, used) = (fresh, bytes) }
        return (fresh.base, fresh)
    }
}

/// Zeroed memory for which the system is asked for large pages: a fault for 2 MB instead of 4 KB, and as many entries
/// of the processor's page tables. Pages that are never touched take none.
private final class LargePages {
    static let size = 2 << 20

    let base: UnsafeMutableRawPointer
    /// A multiple of a large page.
    let byteCount: Int
    private let map: UnsafeMutableRawPointer

    init(byteCount: Int) {
        self.byteCount = (byteCount + Self.size - 1) / Self.size * Self.size
        guard
            let map = mmap(
                nil, self.byteCount + Self.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            map != MAP_FAILED
        else { fatalError("out of memory: \(byteCount) bytes") }
        self.map = map
        base = map.alignedUp(toMultipleOf: Self.size)
        madvise(base, self.byteCount, MADV_HUGEPAGE)
    }

    deinit { munmap(map, byteCount + Self.size) }
}

/// Offsets for the kernels' row and run tables: fixed for the life of the object, but for those of a workspace, which its
/// thread writes anew.
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
