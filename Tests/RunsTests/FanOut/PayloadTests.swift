import Cloud
import TestSupport
import Testing

@testable import Runs
@testable import Platform

/// The published execution input of the reference, unchanged.
private let referenceInput = #"""
    {
      "bucket": "cosmicai-data",
      "file_limit": "11",
      "batch_size": 512,
      "object_type": "folder",
      "S3_object_name": "Anomaly Detection",
      "script": "/tmp/Anomaly Detection/Inference/inference.py",
      "result_path": "result-partition-100MB/1GB/1",
      "data_bucket": "cosmicai-data",
      "data_prefix": "100MB"
    }
    """#

private func parse(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8), name: "input") }

@Suite("Payloads")
struct PayloadTests {
    @Test("The published input is accepted unchanged")
    func referenceInputIsAccepted() throws {
        let input = try InitializeInput(try parse(referenceInput))
        #expect(input.bucket == "cosmicai-data")
        #expect(input.fileLimit == 11)
        #expect(input.batchSize == 512)
        #expect(input.resultPath == "result-partition-100MB/1GB/1")
        #expect(input.folder == "100MB/")
        #expect(input.ranks == nil)
        #expect(input.script == "/tmp/Anomaly Detection/Inference/inference.py")
        #expect(input.warnings.isEmpty)
        #expect(input.toleratedFailurePercentage == 0)
    }

    @Test(
        "Slashes and dots are removed from result_path, also for the state machine; data_prefix is used as it is",
        arguments: [
            ("/r/demo", "r/demo"), ("r//demo/", "r/demo"), ("./r/./demo/.", "r/demo"), ("r/..demo/.x", "r/..demo/.x"),
        ])
    func paths(given: String, key: String) throws {
        let input = try InitializeInput(
            try parse(#"{"bucket":"b","result_path":"\#(given)","data_prefix":"\#(given)/","weights":"w"}"#))
        #expect(input.resultPath == key)
        #expect(input.dataPrefix == given + "/" && input.folder == given + "/")
        #expect(input.json["result_path"]?.string == key)
        #expect(input.json["data_prefix"]?.string == given + "/")
        #expect(input.json["weights"]?.string == "w")
    }

    @Test("An input needs only a bucket and a result_path, and numbers may be strings")
    func shortInput() throws {
        let input = try InitializeInput(
            try parse(
                #"{"bucket":"b","result_path":"/r/","world_size":"7","batch_size":"32","resume":"true","file_limit":3,"#
                    + #""tolerated_failure_percentage":"12.5","S3_object_name":5}"#))
        #expect(input.dataBucket == "b")
        #expect(input.resultPath == "r")
        #expect(input.folder == "")
        #expect(input.ranks == 7)
        #expect(input.batchSize == 32)
        #expect(input.resume)
        #expect(input.toleratedFailurePercentage == 12.5)
        #expect(input.objectName == "5")
    }

    @Test(
        "Invalid input values are refused by their key",
        arguments: [
            (#"{"result_path":"r"}"#, "bucket"), (#"{"bucket":"","result_path":"r"}"#, "bucket"),
            (#"{"bucket":"b","result_path":"r/../x"}"#, "result_path"), (#"{"bucket":"b","result_path":".."}"#, "'..'"),
            (#"{"bucket":"b","result_path":"/./"}"#, "result_path"),
            (#"{"bucket":"b"}"#, "result_path"), (#"{"bucket":"b","result_path":"/"}"#, "result_path"),
            (#"{"bucket":"b","result_path":"r","file_limit":"0"}"#, "file_limit"),
            (#"{"bucket":"b","result_path":"r","file_limit":"many"}"#, "file_limit"),
            (#"{"bucket":"b","result_path":"r","batch_size":1.5}"#, "batch_size"),
            (#"{"bucket":"b","result_path":"r","ranks":-1}"#, "ranks"),
            (#"{"bucket":"b","result_path":"r","ranks":2,"world_size":3}"#, "world_size"),
            (#"{"bucket":"b","result_path":"r","resume":"perhaps"}"#, "resume"),
            (#"{"bucket":"b","result_path":"r","resume":true,"overwrite":true}"#, "overwrite"),
            (#"{"bucket":"b","result_path":"r","tolerated_failure_percentage":101}"#, "tolerated_failure_percentage"),
            (#"{"bucket":["b"],"result_path":"r"}"#, "bucket"), ("[]", "object"),
        ])
    func nonsense(text: String, key: String) throws {
        let error = try #require(throws: Failure.self) { try InitializeInput(try parse(text)) }
        #expect(error.description.contains(key))
        #expect(error.description.contains("expected"))
        #expect(!error.description.contains("\n"))
    }

    @Test("Unknown keys are ignored, with a warning where one looks mistyped")
    func typos() throws {
        let input = try InitializeInput(
            try parse(#"{"bucket":"b","result_path":"r","batchsize":1,"tolerated_failure_percent":3,"comment":"x"}"#))
        #expect(input.warnings.count == 1)
        #expect(input.warnings.first?.contains("batchsize") == true)
        #expect(input.warnings.first?.contains("'batch_size'") == true)
        #expect(input.batchSize == 512)
    }

    @Test("Items have exactly the published keys, and further keys only where needed")
    func items() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize(["ranks": .integer(5), "S3_object_name": .string("name")])
            #expect(try buckets.json("run/@/items.json") == .array(begun.items.map(\.json)))
            let items = begun.items.map(\.json)
            let reference: Set = [
                "S3_BUCKET", "S3_OBJECT_NAME", "SCRIPT", "S3_OBJECT_TYPE", "WORLD_SIZE", "RANK", "DATA_BUCKET",
                "DATA_PREFIX", "DATA_PATH", "RESULT_PATH", "BATCH_SIZE",
            ]
            #expect(
                items.allSatisfy {
                    $0.keys == reference.union(["RUN_ID"]).union($0["DATA_PATH"] == .null ? [] : ["ETAGS"])
                })
            #expect(
                items[0]
                    == .object([
                        "S3_BUCKET": .string("results"), "S3_OBJECT_NAME": .string("name"), "SCRIPT": .string(""),
                        "S3_OBJECT_TYPE": .string(""), "WORLD_SIZE": .string("5"), "RANK": .string("0"),
                        "DATA_BUCKET": .string("data"), "DATA_PREFIX": .string("p"), "DATA_PATH": .string("p/2.pt"),
                        "RESULT_PATH": .string("run"), "BATCH_SIZE": .integer(5),
                        "RUN_ID": .string(begun.manifest.runID),
                        "ETAGS": .string(begun.manifest.partitions[0].etag),
                    ]))
            #expect(items[4]["DATA_PATH"] == .null)
            for item in begun.items { #expect(try WorkerItem(item.json) == item) }
        }
    }

    @Test("A worker's event may have numbers as numbers, and unknown keys")
    func lenientItem() throws {
        let item = try WorkerItem(
            try parse(#"{"S3_BUCKET":"b","RANK":3,"WORLD_SIZE":4,"RESULT_PATH":"r","BATCH_SIZE":"8","X":[1]}"#))
        #expect(item.rank == 3)
        #expect(item.batchSize == 8)
        #expect(item.dataPaths.isEmpty)
        #expect(throws: Failure.self) {
            try WorkerItem(try parse(#"{"S3_BUCKET":"b","RANK":"4","WORLD_SIZE":4,"RESULT_PATH":"r"}"#))
        }
    }

    @Test("Initialize's result has the published keys while they fit, and always the locations of the lists")
    func initializeResult() throws {
        try Buckets.with(threePartitions) { buckets in
            let small = try buckets.initialize().json
            #expect(small["statusCode"] == .integer(200))
            #expect(small["body"]?.array.count == 3)
            #expect(small["ranks"] == .integer(3))
            #expect(small["manifest"] == S3Location(bucket: "results", key: "run/manifest.json").json)
            #expect(small["items"] == S3Location(bucket: "results", key: try buckets.key("run/@/items.json")).json)
            let large = try buckets.initialize(["ranks": .integer(2000), "result_path": .string("large")]).json
            #expect(large["body"] == nil)
            #expect(large["ranks"] == .integer(2000))
            #expect(try large.encoded().count < 1000)
            #expect(try buckets.json("large/@/items.json").array.count == 2000)
        }
    }

    @Test("A manifest of more ranks than any run has is refused", arguments: [100_001, 1 << 40, Int.max])
    func manifestOfTooManyRanks(ranks: Int) throws {
        let input = #"{"bucket": "b", "result_path": "r"}"#
        let text = #"{"run_id": "r", "created": 1, "ranks": \#(ranks), "input": \#(input), "partitions": []}"#
        let error = #expect(throws: Failure.self) { try RunManifest(try parse(text), name: "m") }
        #expect(error?.description == "m: ranks: expected at most 100000, found \(ranks)")
    }

    @Test("Summarize accepts initialize's result, its manifest alone, and the published body")
    func summarizeEvents() throws {
        let location = S3Location(bucket: "b", key: "r/manifest.json")
        let whole = #"{"manifest":{"bucket":"b","key":"r/manifest.json"},"statusCode":200,"body":[]}"#
        #expect(try SummarizeEvent(try parse(whole)) == SummarizeEvent(manifest: location))
        let body = #"{"statusCode":200,"body":[{"S3_BUCKET":"b","RESULT_PATH":"r/","RANK":"0"}]}"#
        #expect(try SummarizeEvent(try parse(body)) == SummarizeEvent(manifest: location))
        let failed =
            #"{"manifest":{"bucket":"b","key":"r/manifest.json"},"map":{"Error":"States.X","Cause":"too many"}}"#
        #expect(try SummarizeEvent(try parse(failed)).mapError == "States.X: too many")
        #expect(throws: Failure.self) { try SummarizeEvent(try parse("{}")) }
    }
}
