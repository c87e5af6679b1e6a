import Testing

@testable import Commands
@testable import Inference
@testable import Platform

@Test(
    "The progress line fits the terminal",
    arguments: [
        (80, "1,280 of 659,857 galaxies, 412/s, 26:37 left"), (45, "1,280 of 659,857 galaxies, 412/s, 26:37 left"),
        (44, "1,280/659,857, 412/s, 26:37 left"), (32, "412/s, 26:37 left"), (12, "26:37 left"), (10, ""),
    ])
func progressFits(columns: Int, text: String) {
    let progress = Progress(done: 1280, total: 659_857)
    #expect(ProgressLine.text(progress, rate: 412.3, since: 0.5, columns: columns) == text)
}

@Test("Before the first galaxies are done there is no rate")
func progressAtTheStart() {
    let progress = Progress(done: 0, total: 512)
    #expect(ProgressLine.text(progress, rate: 0, since: 3, columns: 80) == "0 of 512 galaxies")
    #expect(ProgressLine.text(progress, rate: 0, since: 3, columns: 10) == "0/512")
}

@Test(
    "The remaining time counts down between batches, and not below zero",
    arguments: [(0.0, "0:10 left"), (4.5, "0:06 left"), (60.0, "0:00 left")])
func progressCountsDown(since: Double, left: String) {
    let text = ProgressLine.text(Progress(done: 100, total: 200), rate: 10, since: since, columns: 80)
    #expect(text == "100 of 200 galaxies, 10/s, " + left)
}

@Test("The progress of a resumed run counts all ranks and galaxies; its rate is that of this run alone")
func progressOfAResumedRun() {
    let progress = Progress(done: 300, total: 400, before: 200)
    // 8 of 12 ranks were done before; in 6 s this run has finished one of 500 galaxies and a quarter of the next, of which a
    // quarter and two ranks are left.
    let forms = RankLine.forms(7, done: 1, of: 4, before: 8, progress, galaxies: 500, seconds: 6)
    #expect(forms.first == "9 of 12 ranks, rank 7: 300 of 400 galaxies, 100/s, 0:11 left")
    let start = RankLine.forms(
        3, done: 0, of: 4, before: 8, Progress(done: 0, total: 400), galaxies: 0, seconds: 1)
    #expect(start.first == "8 of 12 ranks, rank 3: 0 of 400 galaxies")
}

@Test(
    "Counts and durations are formatted in short form",
    arguments: [
        (Numbers.grouped(1_234_567), "1,234,567"), (Numbers.grouped(-999), "-999"),
        (Numbers.counted(1, "head"), "1 head"),
        (Numbers.counted(2000, "galaxy", "galaxies"), "2,000 galaxies"), (Numbers.clock(3661), "1:01:01"),
        (Numbers.clock(59.2), "1:00"), (Numbers.bytes(999), "999 B"), (Numbers.bytes(999_960), "1.0 MB"),
    ])
func numbers(text: String, expected: String) {
    #expect(text == expected)
}
