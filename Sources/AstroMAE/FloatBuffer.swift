/// Zeroed, 64-byte aligned floats that live as long as the object: packed weights and workspaces.
///
/// Unsafe: whoever writes must be the only one to hold it. Weights are written before they are shared and only read
/// afterwards; a workspace belongs to one thread.
final class FloatBuffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        let bytes = Swift.max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        base = raw.assumingMemoryBound(to: Float.self)
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}

/// Offsets that stay fixed for the life of the object, for the kernels' row and run tables.
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
