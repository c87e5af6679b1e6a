import Testing

@testable import Cloud

@Suite("Blocks of an object")
struct BlockLayoutTests {
    private static let sizes = [1, 65_536, 65_537, 600_000, 4 << 20, (4 << 20) + 1, 100_000_000, 3 << 30]

    @Test(
        "Blocks cover the object in order, and begin at multiples of 64 KiB",
        arguments: sizes, [64 << 10, 200_000, 4 << 20])
    func cover(size: Int, blockSize: Int) {
        for isGrowing in [false, true] {
            let layout = BlockLayout(size: size, blockSize: blockSize, isGrowing: isGrowing)
            var end = 0
            for block in 0..<layout.count {
                #expect(layout[block].lowerBound == end)
                #expect(!layout[block].isEmpty && layout[block].lowerBound % BlockLayout.alignment == 0)
                // The last one has up to 64 KiB more.
                #expect(layout[block].count <= max(blockSize, BlockLayout.tailSize) + BlockLayout.alignment)
                end = layout[block].upperBound
            }
            #expect(end == size)
        }
    }

    @Test("Only the object that is read first begins with small blocks")
    func first() {
        let bounds = [false, true].map { (isGrowing: Bool) -> [Int] in
            let layout = BlockLayout(size: 100 << 20, blockSize: 4 << 20, isGrowing: isGrowing)
            return (1..<4).map { layout[$0].upperBound }
        }
        // Multiples of 4 MiB, and of 512 KiB.
        let expected: [[Int]] = [[4_194_304, 8_388_608, 12_582_912], [524_288, 1_048_576, 1_572_864]]
        #expect(bounds == expected)
    }

    @Test("A huge page lies in one block", arguments: sizes, [false, true])
    func hugePages(size: Int, isGrowing: Bool) {
        let layout = BlockLayout(size: size, blockSize: 4 << 20, isGrowing: isGrowing)
        let (pages, page) = (layout.hugePages, ObjectMemory.hugePage)
        #expect(pages.isEmpty == (size < 5 << 20))
        #expect(pages.lowerBound % page == 0 && pages.upperBound % page == 0 && pages.upperBound <= size)
        for start in stride(from: pages.lowerBound, to: pages.upperBound, by: page) {
            #expect(layout.blocks(of: start..<start + page).count == 1)
        }
        if size > 50 << 20 { #expect(pages.count > size - (18 << 20)) }
    }

    @Test("Small blocks are in no huge page")
    func smallBlocks() {
        #expect(BlockLayout(size: 100 << 20, blockSize: 1 << 20, isGrowing: false).hugePages.isEmpty)
        #expect(BlockLayout(size: 100 << 20, blockSize: 3 << 20, isGrowing: false).hugePages.isEmpty)
    }
}
