import Testing

@testable import Cloud

/// A line over which every exchange of `blockSize` bytes takes as long as the line needs for all that run at a time.
private struct Line {
    /// Bytes a second of all exchanges together.
    var rate: Double
    static let blockSize = 4 << 20
    /// Seconds of an exchange that has the line for itself: 60 ms to the first byte, then 60 MB/s.
    private static let shortest = 0.06 + Double(blockSize) / 60e6
    var time = 0.0

    init(_ rate: Double) { self.rate = rate }

    /// The most exchanges that do not wait for each other.
    var useful: Int { Int(rate * Self.shortest / Double(Self.blockSize)) }

    /// Runs as many exchanges as are allowed, to their ends.
    mutating func round(_ limit: inout ExchangeLimit, isReached: Bool = true) {
        let count = limit.count
        limit.begin(at: time)
        if isReached { limit.reach() }
        time += max(Self.shortest, Double(count * Self.blockSize) / rate)
        for _ in 0..<count { limit.end(bytes: Self.blockSize, at: time, isLast: false) }
    }
}

@Suite("The number of exchanges follows the line")
struct ExchangeLimitTests {
    @Test("It doubles while the rate grows, and stays where it does not", arguments: [5e8, 1e9, 2e9, 4e9])
    func growth(rate: Double) {
        var (line, limit) = (Line(rate), ExchangeLimit(8, most: 1000))
        for _ in 0..<12 { line.round(&limit) }
        #expect(limit.count >= line.useful)
        // It tries more from time to time.
        for _ in 0..<100 {
            line.round(&limit)
            #expect(limit.count >= line.useful)
            #expect(limit.count <= 4 * line.useful)
        }
    }

    @Test("It grows eight-fold in three rounds")
    func speed() {
        var (line, limit) = (Line(1e10), ExchangeLimit(8, most: 64))
        for _ in 0..<3 { line.round(&limit) }
        #expect(limit.count == 64)
    }

    @Test("A line that is full with few exchanges does not get more")
    func fullLine() {
        var (line, limit) = (Line(1e7), ExchangeLimit(8, most: 1000))
        var counts: Set<Int> = []
        for _ in 0..<100 {
            line.round(&limit)
            counts.insert(limit.count)
        }
        #expect(counts == [8, 12, 16])
    }

    @Test("A line that becomes faster gets more")
    func fasterLine() {
        var (line, limit) = (Line(1e7), ExchangeLimit(8, most: 1000))
        for _ in 0..<10 { line.round(&limit) }
        line.rate = 2e9
        for _ in 0..<20 { line.round(&limit) }
        #expect(limit.count >= line.useful)
    }

    @Test("It does not grow unless it was the limit")
    func notReached() {
        var (line, limit) = (Line(1e10), ExchangeLimit(8, most: 1000))
        for _ in 0..<20 { line.round(&limit, isReached: false) }
        #expect(limit.count == 8)
    }

    @Test("It stays within its bound", arguments: [1, 2, 8, 9, 100])
    func bound(most: Int) {
        var (line, limit) = (Line(1e12), ExchangeLimit(8, most: most))
        for _ in 0..<50 {
            line.round(&limit)
            #expect(limit.count <= most)
        }
        #expect(limit.count == most)
    }

    @Test("A refusal halves it, once for all exchanges that had begun, and down to one")
    func refusals() {
        var limit = ExchangeLimit(64, most: 64)
        for _ in 0..<64 { limit.refuse(begunAfter: 0, at: 1) }
        #expect(limit.count == 32)
        for halvings in 1..<20 { limit.refuse(begunAfter: halvings, at: 2) }
        #expect(limit.count == 1)
    }

    @Test("After a refusal it grows again, in small steps and after a pause")
    func recovery() {
        var (line, limit) = (Line(1e10), ExchangeLimit(8, most: 64))
        for _ in 0..<4 { line.round(&limit) }
        limit.refuse(begunAfter: 0, at: line.time)
        #expect(limit.count == 32)
        for _ in 0..<4 { line.round(&limit) }
        #expect(limit.count == 32)
        line.round(&limit)
        #expect(limit.count == 48)
        for _ in 0..<4 { line.round(&limit) }
        #expect(limit.count == 64)
    }

    @Test("A service that takes a number of exchanges gets about as many")
    func service() {
        var (line, limit) = (Line(1e10), ExchangeLimit(8, most: 256))
        var sum = 0
        for _ in 0..<500 {
            let halvings = limit.halvings
            if limit.count > 40 { limit.refuse(begunAfter: halvings, at: line.time) }
            line.round(&limit)
            sum += limit.count
        }
        #expect(20...50 ~= sum / 500)
    }

    @Test("A pause of the readers does not count as a slow line")
    func pauses() {
        var (line, limit) = (Line(1e10), ExchangeLimit(8, most: 1000))
        line.round(&limit)
        #expect(limit.count == 16)
        // One exchange more ends, as the last.
        limit.begin(at: line.time)
        limit.end(bytes: 1, at: line.time, isLast: true)
        line.time += 1000
        line.round(&limit)
        #expect(limit.count == 32)
    }

    @Test("Memory follows the processors, and exchanges the memory and the descriptors")
    func bounds() {
        let block = FetchPool.defaultBlockSize
        for processors in [1, 2, 16] {
            #expect(FetchPool.defaultResidentLimit(processors: processors) == 256 << 20)
        }
        #expect(FetchPool.defaultResidentLimit(processors: 96) == 1536 << 20)
        func most(_ resident: Int, _ descriptors: Int) -> Int {
            FetchPool.mostExchanges(residentLimit: resident, blockSize: block, descriptors: descriptors)
        }
        #expect(most(256 << 20, 20_000) == 64)
        // A function with 512 MB.
        #expect(most(128 << 20, 1024) == 32)
        #expect(most(1536 << 20, 20_000) == 256)
        #expect(most(1536 << 20, 1024) == 128)
        #expect(most(1536 << 20, 256) == 32)
        #expect(most(1 << 20, 1024) == 1)
    }
}
