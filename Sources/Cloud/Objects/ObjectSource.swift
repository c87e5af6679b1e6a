import Platform

/// An object in a store as bytes that are read by range: blocks of it are fetched ahead of the reader by the threads of a
/// `FetchPool`, while earlier ones are computed.
///
/// Every exchange demands the ETag that the object had when it was opened: one that has changed meanwhile is an error. An
/// error is kept: later reads of the object throw it.
public final class ObjectSource: ByteSource {
    public let byteCount: Int
    private let object: FetchedObject
    private let core: FetchCore
    /// Kept, so that there are threads to fetch.
    private let pool: FetchPool

    init(_ object: FetchedObject, in pool: FetchPool, core: FetchCore, byteCount: Int) {
        (self.object, self.pool, self.core, self.byteCount) = (object, pool, core, byteCount)
    }

    deinit { core.change { [object] in $0.remove(object) } }

    public var name: String { object.name }
    public var isRemote: Bool { true }

    public func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try check(range)
        guard !range.isEmpty else { return try object.memory.withBytes(in: range, body) }
        let blocks = object.layout.blocks(of: range)
        core.change { $0.pin(object, blocks) }
        defer { core.state.withLock { $0.unpin(object, blocks) } }
        try core.wait(for: blocks, of: object)
        return try object.memory.withBytes(in: range, body)
    }

    /// Moves the blocks of `range` to the front of what is read ahead; one that covers more than the ends of the object
    /// has all of it read ahead.
    public func prefetch(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<byteCount)
        guard !range.isEmpty else { return }
        core.change { $0.prefetch(object, object.layout.blocks(of: range)) }
    }

    /// Lets go of the blocks of which every byte was released by now, but for the first and the last, which stay while
    /// there is room.
    public func release(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<byteCount)
        guard !range.isEmpty else { return }
        core.change { $0.release(object, range) }
    }

    /// From the sums that were taken when blocks arrived. Blocks that never did are fetched, and let go of; so are those
    /// of which `range` has a part and that were let go of.
    public func checksum(of range: Range<Int>) throws(Failure) -> CRC32 {
        try check(range)
        var whole = CRC32()
        guard !range.isEmpty else { return whole }
        for block in object.layout.blocks(of: range) {
            let bytes = object.layout[block]
            let part = bytes.clamped(to: range)
            let known = core.state.withLock { _ in object.blocks[block].checksum }
            if part == bytes, let known {
                whole.append(known)
            } else {
                var sum = CRC32()
                try withBytes(in: part) { (bytes: RawSpan) in sum.update(bytes) }
                whole.append(sum)
            }
            if part == bytes { release(part) }
        }
        return whole
    }
}
