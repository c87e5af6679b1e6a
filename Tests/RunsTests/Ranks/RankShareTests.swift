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
