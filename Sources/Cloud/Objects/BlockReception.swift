import Platform

/// Puts the bytes of a block into the object's memory as they arrive, and sums them while they are in the cache.
final class BlockReception: ByteReceiver, @unchecked Sendable {
    // Sendable although it has variables: the thread of the exchange alone uses it.
    private let memory: ObjectMemory
    private let range: Range<Int>
    private let throttled: @Sendable () -> Void
    private(set) var checksum = CRC32()

    /// - Parameters:
    ///   - range: of the memory; no other thread accesses it meanwhile.
    ///   - throttled: called when the service asks for fewer requests.
    init(into memory: ObjectMemory, _ range: Range<Int>, throttled: @escaping @Sendable () -> Void) {
        (self.memory, self.range, self.throttled) = (memory, range, throttled)
    }

    var count: Int { checksum.count }

    func take(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount <= range.count - count else { return false }
        memory.write(bytes, at: range.lowerBound + count)
        checksum.update(bytes)
        return true
    }

    func noteThrottling() { throttled() }
}
