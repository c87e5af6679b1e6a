import Platform

/// An object of which blocks are fetched, and what was said about each.
final class FetchedObject: @unchecked Sendable {
    // Sendable although it has variables: they are touched by who holds the lock of the pool's state alone.

    struct Block {
        enum Place { case far, underway, here }

        var place = Place.far
        /// Readers who have it or wait for it: it stays.
        var pins = 0
        /// How many of its bytes were released.
        var released = 0
        /// Released as a whole: it is not read again.
        var isSpent = false
        /// Whether it stands among the hints.
        var isHinted = false
        /// When it was last read; 0 if it was not.
        var lastRead = 0
        /// Of the whole block; known from its first arrival on.
        var checksum: CRC32?
    }

    let bucket: String
    let key: String
    let etag: String
    let name: String
    let layout: BlockLayout
    let memory: ObjectMemory
    /// Where it stands among the pool's objects.
    var number = 0
    var blocks: [Block]
    /// Whether more than its ends was asked for, or all of the object before it was fetched: it is read ahead.
    var isBegun = false
    /// Why nothing of it can be read any more.
    var failure: Failure?
    /// Nobody will read it any more.
    var isRemoved = false
    /// The block from which on it is read ahead: those before it were fetched once, or given up.
    private var next = 0

    /// - Parameters:
    ///   - size: bytes of the object, at least 1.
    ///   - isFirst: whether the pool had no object before it.
    /// - Throws: `Failure` where the system has no addresses left for it.
    init(
        bucket: String, key: String, etag: String, name: String, size: Int, blockSize: Int, isFirst: Bool
    ) throws(Failure) {
        (self.bucket, self.key, self.etag, self.name) = (bucket, key, etag, name)
        layout = BlockLayout(size: size, blockSize: blockSize, isGrowing: isFirst)
        memory = try ObjectMemory(byteCount: size, hugePages: layout.hugePages, name: name)
        blocks = [Block](repeating: Block(), count: layout.count)
    }

    /// Whether fetching that block is of use.
    func isWanted(_ block: Int) -> Bool {
        blocks[block].place == .far && !blocks[block].isSpent && failure == nil && !isRemoved
    }

    /// The same where a reader waits for it, though all of it had been released.
    func isDemanded(_ block: Int) -> Bool {
        isWanted(block) || blocks[block].place == .far && blocks[block].pins > 0 && failure == nil && !isRemoved
    }

    /// What is read ahead next: blocks that never were here. nil at the end.
    func nextAhead() -> Int? {
        while next < blocks.count {
            if isWanted(next), blocks[next].checksum == nil { return next }
            next += 1
        }
        return nil
    }

    /// Whether all of them are here.
    /// - Throws: why they never will be.
    func isHere(_ wanted: Range<Int>) throws(Failure) -> Bool {
        if let failure { throw failure }
        return wanted.allSatisfy { blocks[$0].place == .here }
    }
}
