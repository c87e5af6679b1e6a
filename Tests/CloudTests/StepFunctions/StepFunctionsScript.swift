import Foundation
import Testing

@testable import Cloud
@testable import Platform

/// A Step Functions whose responses are scripted by the test.
enum StepFunctionsScript {
    static let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:cai"
    static let execution = "arn:aws:states:eu-west-1:123456789012:execution:cai:run"

    static func answer(_ status: Int, _ body: String) -> Result<HTTPResponse, Failure> {
        .success(HTTPResponse(status: status, body: Array(body.utf8)))
    }

    static let credentials = AWSCredentials(
        accessKey: "AKIDEXAMPLE", secretKey: "secret-of-the-test", sessionToken: "token-of-the-session")

    /// Four attempts without delays.
    static func client(
        _ transport: ScriptedTransport, environment: [String: String] = [:], region: String = "eu-west-1",
        sleep: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> StepFunctionsClient {
        var retries = RetryPolicy()
        retries.attempts = 4
        retries.firstDelay = 1
        retries.random = { 1 }
        retries.sleep = sleep
        return try StepFunctionsClient(
            AWSConfiguration(region: region, credentials: credentials, environment: environment),
            transport: transport, retries: retries)
    }

    static func json(_ request: HTTPRequest) throws -> [String: String] {
        try #require(try JSONSerialization.jsonObject(with: Data(request.body ?? [])) as? [String: String])
    }

    static let faults: [Result<HTTPResponse, Failure>] = [
        .failure(Failure(.unavailable, "states.example", "the name cannot be resolved")),
        .failure(Failure(.unavailable, "states.example", "no connection")), answer(503, "<html>"), answer(500, ""),
        answer(400, #"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#),
    ]
}
