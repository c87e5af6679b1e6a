import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("The precision of a run") struct PrecisionTests {
    @Test("An input in bfloat16 reaches the ranks, and their results and the manifest name it")
    func bfloat16() throws {
        try Buckets.with(threePartitions) { buckets in
            let begun = try buckets.initialize(["ranks": .integer(2), "precision": .string("bf16")])
            #expect(begun.items.allSatisfy { $0.json["PRECISION"] == .string("bf16") })
            for item in begun.items { #expect(try WorkerItem(item.json) == item) }
            let result = try buckets.handlers.worker.run(begun.items[0])
            #expect(result.arithmetic == begun.manifest.arithmetic)
            #expect(result.arithmetic?.contains("bf16") == true)
            #expect(result.choices["precision"] == "bf16")
        }
    }

    @Test("A run is not resumed in another precision")
    func resume() throws {
        try Buckets.with(threePartitions) { buckets in
            let first = try buckets.initialize(["ranks": .integer(2)])
            #expect(first.items.allSatisfy { $0.json["PRECISION"] == nil })
            let error = #expect(throws: Failure.self) {
                try buckets.initialize(
                    ["ranks": .integer(2), "precision": .string("bf16"), "resume": .bool(true)])
            }
            #expect(error?.description.contains("precision float32") == true, "\(error?.description ?? "")")
        }
    }

    @Test("An unknown precision is refused by its key")
    func unknown() throws {
        let text = #"{"bucket":"b","result_path":"r","precision":"f16"}"#
        let error = #expect(throws: Failure.self) {
            try InitializeInput(try JSONValue.parse(Array(text.utf8), name: "input"))
        }
        #expect(error?.description.contains("precision: expected float32 or bf16") == true)
    }
}
