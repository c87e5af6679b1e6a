import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import Report
@testable import Runs

struct BrokenRank: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let key: String
    /// The field as JSON; nil if the key is absent.
    let value: String?
    let message: String

    static let cases = [
        BrokenRank(
            testDescription: "no time", key: "total_cpu_time (seconds)", value: nil,
            message: "result 1: total_cpu_time (seconds): expected a number, found no such key"),
        BrokenRank(
            testDescription: "time as text", key: "total_cpu_time (seconds)", value: "\"4.0\"",
            message: "result 1: total_cpu_time (seconds): expected a number, found \"4.0\""),
        BrokenRank(
            testDescription: "memory null", key: "total_cpu_memory (MB)", value: "null",
            message: "result 1: total_cpu_memory (MB): expected a number, found null"),
        BrokenRank(
            testDescription: "negative rate", key: "throughput_bps", value: "-1",
            message: "result 1: throughput_bps: expected 0 or more, found -1.0"),
        BrokenRank(
            testDescription: "half a batch size", key: "batch_size", value: "1.5",
            message: "result 1: batch_size: expected a whole number, found 1.5"),
        BrokenRank(
            testDescription: "enormous count", key: "num_samples", value: "1e300",
            message: "result 1: num_samples: expected 0 or more, found 1e+300"),
        // Twenty of these values, or the bytes of so many galaxies, overflow Int.
        BrokenRank(
            testDescription: "large count", key: "num_samples", value: "9e17",
            message: "result 1: num_samples: expected a count of at most 1,000,000,000, found 9e+17"),
        BrokenRank(
            testDescription: "large rank", key: "rank", value: "1000000001",
            message: "result 1: rank: expected a count of at most 1,000,000,000, found 1000000001.0"),
        BrokenRank(
            testDescription: "rate beyond any count", key: "sample_persec", value: "9e17",
            message: "result 1: sample_persec: expected a count of at most 1,000,000,000, found 3.6e+18"),
        BrokenRank(
            testDescription: "path as number", key: "data_path", value: "[1]",
            message: "result 1: data_path: expected a text or an array of texts, found an array"),
        BrokenRank(
            testDescription: "calls as flag", key: "s3_total_time", value: "true",
            message: "result 1: s3_total_time: expected a number, found true"),
        BrokenRank(
            testDescription: "neither rate nor count", key: "sample_persec", value: nil,
            message: "result 1: sample_persec: expected a number, found no such key"),
    ]
}

@Test("The error for an invalid rank has its file, index and key", arguments: BrokenRank.cases)
func brokenRank(example: BrokenRank) throws {
    try ResultFolder.with { folder in
        var broken = ResultFolder.rank([example.key: nil])
        if let value = example.value { broken = "{\"\(example.key)\":\(value)," + broken.dropFirst() }
        try folder.write("r", [ResultFolder.rank(), broken])
        let path = folder.path + "/r/combined_data.json"
        #expect(throws: Failure("\(path): \(example.message)")) { try JSONFile.decode([RankResult].self, path) }
    }
}

@Test(
    "The error for a file that is not an array of results has its name",
    arguments: [
        ("{}", "expected an array, found something else"), ("[1]", "result 0: expected an object, found 1.0"),
        ("", "expected JSON, found other text"), ("[{", "expected JSON, found other text"),
        ("[{\"throughput_bps\": NaN}]", "expected JSON, found other text"),
        ("[]", "expected the results of ranks, found an empty array"),
    ])
func brokenFile(text: String, message: String) throws {
    try ResultFolder.with { folder in
        try folder.write("r/combined_data.json", text: text)
        let error = #expect(throws: Failure.self) {
            try Run(
                folder: folder.path + "/r", key: RunKey(group: RunGroupKey(partition: 25, size: nil), run: "1"))
        }
        #expect(error?.message == "\(folder.path)/r/combined_data.json: \(message)")
    }
}

@Test("Galaxies are read, or computed from rate and time; a rank has any number of partitions")
func rankFields() throws {
    try ResultFolder.with { folder in
        try folder.write(
            "r",
            [
                // Values of a published file: 222.15975148727577/s x 5.752617166000015 s = 1278.0000000000002.
                ResultFolder.rank([
                    "total_cpu_time (seconds)": 5.752617166000015, "sample_persec": 222.15975148727577,
                ]),
                ResultFolder.rank([
                    "num_samples": 7, "sample_persec": nil, "data_path": ["a.pt", "b.pt"], "extra": ["x": 1],
                ]),
                ResultFolder.rank([
                    "num_samples": 0, "data_path": NSNull(), "s3_total_time": 0, "s3_avg_time": NSNull(),
                ]),
            ])
        let ranks = try JSONFile.decode([RankResult].self, folder.path + "/r/combined_data.json")
        #expect(ranks.map(\.galaxies) == [1278, 7, 0])
        #expect(ranks.map(\.dataPaths) == [["25MB/1.pt"], ["a.pt", "b.pt"], []])
        #expect(ranks.map { $0.store?.total } == [nil, nil, 0])
        #expect(ranks[2].store?.average == nil)
        #expect(ranks.allSatisfy { $0.stages == nil })
    }
}

@Test("Stages are read from the ranks of this program")
func rankStages() throws {
    try ResultFolder.with { folder in
        let stages = [
            "init_s": 0.25, "payload_fetch_s": 0.5, "scatter_s": 0.125, "model_load_s": 1.0, "inference_s": 4.0,
            "barrier_s": 0.5, "publish_s": 0.25, "total_s": 7.0,
        ]
        try folder.write("r", [ResultFolder.rank(stages)])
        let found = try #require(
            try JSONFile.decode([RankResult].self, folder.path + "/r/combined_data.json")[0].stages)
        #expect([found.load, found.download, found.compute, found.publish] == [1.25, 0.625, 4.5, 0.25])
        #expect(found.other == 0.375)
    }
}
