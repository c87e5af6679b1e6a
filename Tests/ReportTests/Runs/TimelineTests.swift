import Foundation
import Testing

@testable import Report
@testable import Runs

private func ranks(_ texts: [String]) throws -> [RankResult] {
    try JSONDecoder().decode([RankResult].self, from: Data("[\(texts.joined(separator: ","))]".utf8))
}

private func rank(_ number: Int, started: Double) -> String {
    ResultFolder.rank([
        "rank": number, "started": started, "finished": started + 8, "init_s": 0.5, "model_load_s": 1.0,
        "payload_fetch_s": 0.25, "inference_s": 5.0, "publish_s": 0.75, "total_s": 8.0,
    ])
}

@Test("A timeline has a bar for each rank with start and stages, from the first rank's start")
func timelineOfStages() throws {
    let timeline = RankTimeline(try ranks([rank(0, started: 103), rank(1, started: 100)]))
    #expect(timeline.origin == .run)
    #expect(timeline.bars.map(\.name) == ["rank 1", "rank 0"])
    #expect(
        timeline.bars[1].spans == [
            .init(stage: .queue, from: 0, to: 3), .init(stage: .load, from: 3, to: 4.5),
            .init(stage: .download, from: 4.5, to: 4.75), .init(stage: .compute, from: 4.75, to: 9.75),
            .init(stage: .publish, from: 9.75, to: 10.5), .init(stage: .other, from: 10.5, to: 11),
        ])
    #expect(timeline.bars[0].spans.first == .init(stage: .load, from: 0, to: 1.5))
    #expect(timeline.end == 11)
    // In 11 parts of one second: rank 1 computes from 1.75 to 6.75, rank 0 from 4.75 to 9.75.
    #expect(
        timeline.occupation(of: .compute, parts: 11) == [0, 0.25, 1, 1, 1.25, 2, 1.75, 1, 1, 0.75, 0])
}

@Test("A timeline of older files has bars of the recorded stages")
func timelineOfOlderFiles() throws {
    let calls = try ranks(
        [(50.0, 52.0), (49.0, 50.5)].map { first, last in
            ResultFolder.rank([
                "s3_total_time": 1.0, "s3_first_request_time": first, "s3_last_response_time": last,
            ])
        })
    let byCalls = RankTimeline(calls)
    #expect(byCalls.origin == .store)
    #expect(
        byCalls.bars.map(\.spans) == [
            [.init(stage: .download, from: 0, to: 1.5), .init(stage: .compute, from: 1.5, to: 5.5)],
            [
                .init(stage: .queue, from: 0, to: 1), .init(stage: .download, from: 1, to: 3),
                .init(stage: .compute, from: 3, to: 7),
            ],
        ])
    let alone = RankTimeline(try ranks(ResultFolder.ranks(1) + ResultFolder.ranks(1, ["total_cpu_time (seconds)": 9])))
    #expect(alone.origin == .rank)
    #expect(alone.bars.map(\.end) == [9, 4])
    #expect(alone.stages == [.compute])
}

@Test("A timeline has a bar for each of up to 200 ranks, and counts for more, in bounded size")
func manyRanks() throws {
    func figure(_ count: Int) throws -> Figure {
        let all = try ranks((0..<count).map { rank($0, started: 100 + Double($0) / 100) })
        let run = Run(
            key: RunKey(group: RunGroupKey(partition: 25, size: DataSize("1GB")), run: "1"), folder: "", ranks: all)
        return RankFigures(run).ranks
    }
    let few = try figure(200).inline
    #expect(few.components(separatedBy: "rank 199: compute 5 s").count == 2)
    let many = try figure(201).inline
    #expect(many.contains("ranks in a stage"))
    #expect(!many.contains("rank 199: "))
    #expect(try figure(2000).inline.utf8.count < 2 * many.utf8.count)
    #expect(many.utf8.count < 60_000)
}

@Test("A run's page has its numbers, its ranks and its calls to the store")
func runSections() throws {
    let all = try ranks(
        (0..<3).map { index in
            ResultFolder.rank([
                "data_path": "\(index).pt", "s3_total_time": 1.0, "s3_num_requests": 4, "s3_avg_time": 0.25,
                "s3_min_time": 0.125, "s3_max_time": 0.5,
            ])
        })
    let run = Run(key: RunKey(group: RunGroupKey(partition: nil, size: nil), run: "1"), folder: "", ranks: all)
    let unknown = RunSections(run, duration: nil)
    #expect(unknown.sections.map(\.id) == ["ranks", "store"])
    let html = HTMLPage(title: "r", sections: unknown.sections).html
    #expect(html.contains("Wall time unknown."))
    #expect(html.contains("123.1 Mbit/s"))
    let known = RunSections(run, duration: RunDuration(total: 20, inference: nil, source: .summary))
    let page = HTMLPage(title: "r", sections: known.sections).html
    #expect(!page.contains("Wall time unknown."))
    // 3000 galaxies in 20 s.
    #expect(page.contains("150"))
    #expect(page.contains("24.62 Mbit/s"))
}
