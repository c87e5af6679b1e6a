/// How an object is cut into the blocks that are transferred.
///
/// What describes a file of tensors lies at its ends: the first and the last block are small, so that both are there
/// after one exchange, and of many files nothing else is transferred to open them. Other blocks of the object that is
/// read first begin small and grow, so that its first galaxies do not wait while transfers of later ones share the line
/// with theirs.
struct BlockLayout: Sendable, Equatable {
    /// Where each block begins, and the object's end: multiples of `alignment`, but for the last.
    private let bounds: [Int]
    /// Of the largest blocks.
    private let blockSize: Int

    /// Of memory pages, wherever this runs.
    static let alignment = 64 << 10
    static let headSize = 64 << 10
    /// Magnitudes, redshifts and directory of a partition of 100 MB.
    static let tailSize = 512 << 10
    /// Blocks of one size, before the next are twice as large.
    private static let step = 8

    /// - Parameters:
    ///   - size: bytes of the object, at least 1.
    ///   - blockSize: of the largest blocks, rounded up to `alignment`.
    ///   - isGrowing: whether blocks begin small.
    init(size: Int, blockSize: Int, isGrowing: Bool) {
        let largest = max(1, (blockSize + Self.alignment - 1) / Self.alignment) * Self.alignment
        self.blockSize = largest
        let head = min(size, Self.headSize)
        let tail = max(head, (size - Self.tailSize) / Self.alignment * Self.alignment)
        var bounds = [0]
        if head < size { bounds.append(head) }
        var place = head
        var length = isGrowing ? min(largest, 512 << 10) : largest
        var count = 0
        // Each block ends at a multiple of its length, so that it consists of whole pages, also of huge ones.
        while tail - place > length {
            place = (place / length + 1) * length
            bounds.append(place)
            count += 1
            if count % Self.step == 0 { length = min(largest, 2 * length) }
        }
        if tail > head, tail < size { bounds.append(tail) }
        bounds.append(size)
        self.bounds = bounds
    }

    var count: Int { bounds.count - 1 }

    /// The huge pages that lie in one block each; smaller blocks come before them.
    var hugePages: Range<Int> {
        let page = ObjectMemory.hugePage
        guard blockSize % page == 0, let first = (0..<count - 1).first(where: { self[$0].count >= page }) else {
            return 0..<0
        }
        let start = (self[first].lowerBound + page - 1) / page * page
        return start..<max(start, self[count - 1].lowerBound / page * page)
    }

    /// The bytes of a block.
    subscript(_ block: Int) -> Range<Int> { bounds[block]..<bounds[block + 1] }

    /// Whether it is the first or the last: they are asked for again when everything between was read.
    func isEdge(_ block: Int) -> Bool { block == 0 || block == count - 1 }

    /// The blocks that have any of `range`, which lies in the object and is not empty.
    func blocks(of range: Range<Int>) -> Range<Int> {
        block(at: range.lowerBound)..<block(at: range.upperBound - 1) + 1
    }

    /// The last block that does not begin behind `offset`.
    private func block(at offset: Int) -> Int {
        var (low, high) = (0, count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if bounds[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }
}
