import Testing

@testable import Inference
@testable import Platform

/// Options of calls from other languages.
struct CallOptionsTests {
    @Test("No options are an empty object")
    func none() throws {
        #expect(try CallOptions("", []).threads == nil)
        #expect(try CallOptions("{}", [.threads]).threads == nil)
        #expect(try CallOptions(#"{"threads": 3, "batch_size": 8192}"#, ArrayModel.runKeys).batchSize == 8192)
    }

    @Test(
        "Other keys, types and numbers are errors",
        arguments: [
            ("[]", "options: expected a JSON object"),
            ("x", "options: expected JSON"),
            (
                #"{"layer": "cls"}"#,
                "options: expected bands, batch_size, channels_last, missing, threads, found 'layer'"
            ),
            (#"{"threads": "2"}"#, "threads: expected a number"),
            (#"{"threads": 0}"#, "threads: expected 1 to 4096, found 0"),
            (#"{"batch_size": 8193}"#, "batch_size: expected 1 to 8192, found 8193"),
        ])
    func refused(_ json: String, _ message: String) {
        let failure = #expect(throws: Failure.self) { try CallOptions(json, ArrayModel.runKeys) }
        #expect(failure?.description.contains(message) == true, "\(failure?.description ?? "")")
    }

    @Test("A handle is an error once it is closed, or where another object is expected")
    func handles() throws {
        final class One: Sendable {}
        final class Other: Sendable {}
        let handle = Handles.open(One())
        #expect(throws: Never.self) { try Handles.object(handle, One.self, "one") }
        #expect(throws: Failure.self) { try Handles.object(handle, Other.self, "other") }
        try Handles.close(handle)
        #expect(throws: Failure.self) { try Handles.object(handle, One.self, "one") }
        #expect(throws: Failure.self) { try Handles.close(handle) }
        #expect(Handles.open(One()) > handle)
    }
}
