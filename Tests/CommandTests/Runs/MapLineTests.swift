import Testing

@testable import Cloud
@testable import Commands

@Suite("The progress line of a Map")
struct MapLineTests {
    @Test(
        "The progress line of a Map fits the terminal",
        arguments: [
            (80, "312 of 517 ranks, 205 running, 3 failed, 4.2/s, 0:49 left"),
            (58, "312 of 517 ranks, 205 running, 3 failed, 4.2/s, 0:49 left"),
            (57, "312 of 517 ranks, 205 running, 3 failed, 4.2/s"), (17, "312 of 517 ranks"), (16, ""),
        ])
    func mapLine(columns: Int, text: String) {
        let counts = MapRun.ItemCounts(running: 205, succeeded: 309, failed: 2, timedOut: 1, total: 517)
        #expect(MapLine.text(counts, rate: 4.2, columns: columns) == text)
    }

    @Test("The progress line has no rate before the first rank is done")
    func mapLineAtTheStart() {
        let counts = MapRun.ItemCounts(pending: 517, total: 517)
        #expect(MapLine.text(counts, rate: 0, columns: 80) == "0 of 517 ranks, 517 pending")
    }
}
