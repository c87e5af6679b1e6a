import Runs
import Testing

@Test(
    "Shares are contiguous, cover every galaxy once, and differ by one galaxy at most",
    arguments: [(0, 1), (1, 1), (1, 3), (2, 3), (3, 3), (37, 3), (37, 16), (1024, 7), (1_000_003, 999)])
func shares(total: Int, worldSize: Int) throws {
    var next = 0
    var sizes: Set<Int> = []
    for rank in 0..<worldSize {
        let share = try #require(RankShare(rank: rank, worldSize: worldSize)).galaxies(of: total)
        #expect(share.lowerBound == next)
        next = share.upperBound
        sizes.insert(share.count)
    }
    #expect(next == total)
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
}

@Test("Shares of 37 galaxies are those by hand, and large totals do not overflow")
func sharesByHand() throws {
    // 37 = 3 * 12 + 1: the first rank has one galaxy more.
    let three = try (0..<3).map { try #require(RankShare(rank: $0, worldSize: 3)).galaxies(of: 37) }
    #expect(three == [0..<13, 13..<25, 25..<37])
    let last = try #require(RankShare(rank: 999_999, worldSize: 1_000_000))
    #expect(last.galaxies(of: Int.max).upperBound == Int.max)
}

@Test(
    "Shares of whole files are contiguous, cover every file once, and differ from an equal part by one file at most",
    arguments: [
        [], [5], [1, 1, 1, 1, 1, 1, 1], [90, 1, 1, 1, 1, 1], [0, 0, 0], [3, 9, 2, 7, 7, 1, 30], [.max, .max, 1],
    ])
func fileShares(sizes: [Int]) throws {
    for worldSize in [1, 2, 3, 8, 1_000_000] {
        var next = 0
        for rank in worldSize < 10 ? Array(0..<worldSize) : [] {
            let files = try #require(RankShare(rank: rank, worldSize: worldSize)).files(of: sizes)
            #expect(files.lowerBound == next)
            next = files.upperBound
            guard !sizes.contains(.max) else { continue }
            let bytes = sizes[files].reduce(0, +)
            #expect(bytes <= sizes.reduce(0, +) / worldSize + (sizes.max() ?? 0), "\(sizes), \(rank) of \(worldSize)")
        }
        #expect(worldSize > 10 || next == sizes.count)
    }
    #expect(try #require(RankShare(rank: 3, worldSize: 8)).files(of: [Int](repeating: 7, count: 40)) == 15..<20)
}

@Test("Ranks outside 0..<worldSize are rejected", arguments: [(-1, 4), (4, 4), (0, 0), (0, -1), (0, 1_000_001)])
func noRank(rank: Int, worldSize: Int) { #expect(RankShare(rank: rank, worldSize: worldSize) == nil) }

@Test(
    "A rank's output name has its rank and the world size",
    arguments: [
        ("z.csv", "z.rank-0003-of-0016.csv"), ("out/z.csv", "out/z.rank-0003-of-0016.csv"),
        ("dr1.2.npy", "dr1.2.rank-0003-of-0016.npy"),
        ("a.b/z", "a.b/z.rank-0003-of-0016"), ("s3://bucket/z.csv", "s3://bucket/z.rank-0003-of-0016.csv"),
        ("parts/{rank}.csv", "parts/0003.csv"), ("{rank}/of-{world}.csv", "0003/of-0016.csv"),
    ])
func outputNames(name: String, expected: String) throws {
    let share = try #require(RankShare(rank: 3, worldSize: 16))
    #expect(share.outputName(name) == expected)
}

@Test("Rank numbers have the digits of the world size")
func wideNumbers() throws {
    let share = try #require(RankShare(rank: 7, worldSize: 100_000))
    #expect(share.label == "rank-000007-of-100000")
}

@Test(
    "Lists of ranks are formatted as Slurm reads them",
    arguments: [([], ""), ([3], "3"), ([3, 4], "3-4"), ([0, 3, 7, 8, 9], "0,3,7-9")] as [([Int], String)])
func listedRanks(ranks: [Int], expected: String) { #expect(RankOutputs.listed(ranks) == expected) }
