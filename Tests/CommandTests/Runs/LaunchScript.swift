import Foundation
import TestSupport
import Testing

/// A Step Functions whose responses are scripted by the test, and folders as S3.
enum LaunchScript {
    static let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:cai"
    static let execution = "arn:aws:states:eu-west-1:123456789012:execution:cai:run-1"
    static let payload = #"{"bucket": "out", "result_path": "r", "data_bucket": "data", "data_prefix": "p"}"#

    /// A folder of buckets with a partition of 500 galaxies, and a payload beside it.
    static func withBuckets<R>(_ body: (_ store: String, _ payload: String) throws -> R) throws -> R {
        try Fixture.withTemporaryFolder { folder in
            for name in ["data/p", "out/r"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/store/\(name)", withIntermediateDirectories: true)
            }
            try Data(count: 20_528 * 500).write(to: URL(fileURLWithPath: folder + "/store/data/p/1.pt"))
            try Data(payload.utf8).write(to: URL(fileURLWithPath: folder + "/payload.json"))
            return try body(folder + "/store", folder + "/payload.json")
        }
    }

    /// Responses by the requested action.
    static func script(_ answers: [String: String]) -> LoopbackServer.Script {
        { request, _ in
            let action = request.headers["x-amz-target"]?.split(separator: ".").last.map(String.init) ?? ""
            guard let body = answers[action] else {
                return [.answer(400, Array(#"{"__type": "UnknownOperationException"}"#.utf8))]
            }
            return [.answer(200, Array(body.utf8))]
        }
    }

    static func environment(_ server: LoopbackServer) -> [String: String] {
        [
            "AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        ]
    }

    static let started = #"{"executionArn": "\#(execution)", "startDate": 1795000000}"#
}
