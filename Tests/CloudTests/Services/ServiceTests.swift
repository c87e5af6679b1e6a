import Foundation
import Testing

@testable import Cloud
@testable import Platform

@Suite("CloudWatch Logs and Lambda's account settings")
struct ServiceTests {
    private static let configuration = AWSConfiguration(
        region: "eu-west-1",
        credentials: AWSCredentials(accessKey: "AKIDEXAMPLE", secretKey: "secret-of-the-test", sessionToken: nil))
    private static var once: RetryPolicy {
        var retries = RetryPolicy()
        retries.attempts = 1
        return retries
    }

    private static func answer(_ status: Int, _ body: String) -> Result<HTTPResponse, Failure> {
        .success(HTTPResponse(status: status, body: Array(body.utf8)))
    }

    @Test("Messages of all pages are read, also after a page without any")
    func messages() throws {
        let transport = ScriptedTransport([
            Self.answer(200, #"{"events": [{"message": "a", "timestamp": 1}, {"message": "b"}], "nextToken": "1"}"#),
            Self.answer(200, #"{"events": [], "searchedLogStreams": [], "nextToken": "2"}"#),
            Self.answer(200, #"{"events": [{"message": "c"}]}"#),
        ])
        let group = try LogGroup("/aws/lambda/w", Self.configuration, transport: transport, retries: Self.once)
        var messages: [String] = []
        try group.forEachMessage(in: 10.5...20, matching: "REPORT") { messages.append($0) }
        #expect(messages == ["a", "b", "c"])
        let request = try #require(transport.requests.last)
        #expect(transport.lines.first == "POST https://logs.eu-west-1.amazonaws.com/")
        #expect(request.header("X-Amz-Target") == "Logs_20140328.FilterLogEvents")
        #expect(request.header("Content-Type") == "application/x-amz-json-1.1")
        #expect(request.header("Authorization")?.contains("/eu-west-1/logs/aws4_request, ") == true)
        let asked = try JSONValue.parse(request.body ?? [], name: "request")
        #expect(
            asked
                == .object([
                    "logGroupName": .string("/aws/lambda/w"), "startTime": .integer(10_500),
                    "endTime": .integer(20_000),
                    "filterPattern": .string("REPORT"), "nextToken": .string("2"),
                ]))
    }

    @Test("A repeated page and a refusal are errors")
    func brokenPages() throws {
        let page = Self.answer(200, #"{"events": [], "nextToken": "t"}"#)
        for (answers, kind) in [
            ([page, page, page], Failure.Kind.input),
            ([Self.answer(400, #"{"__type": "AccessDeniedException"}"#)], .denied),
            ([Self.answer(400, #"{"__type": "ResourceNotFoundException"}"#)], .input),
        ] {
            let transport = ScriptedTransport(answers)
            let group = try LogGroup("g", Self.configuration, transport: transport, retries: Self.once)
            let error = #expect(throws: Failure.self) { try group.forEachMessage(in: 0...1, matching: "") { _ in } }
            #expect(error?.kind == kind)
        }
    }

    @Test("The account's concurrency is asked for by a signed GET")
    func concurrency() throws {
        let transport = ScriptedTransport([
            Self.answer(
                200,
                """
                {"AccountLimit": {"TotalCodeSize": 80530636800, "CodeSizeUnzipped": 262144000, "CodeSizeZipped": 52428800,
                 "ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900},
                 "AccountUsage": {"TotalCodeSize": 1, "FunctionCount": 3}}
                """)
        ])
        let found = try LambdaConcurrency(Self.configuration, transport: transport, retries: Self.once)
        #expect(found == LambdaConcurrency(limit: 1000, unreserved: 900))
        #expect(transport.lines == ["GET https://lambda.eu-west-1.amazonaws.com/2016-08-19/account-settings/"])
        #expect(
            transport.requests.first?.header("Authorization")?.contains("/eu-west-1/lambda/aws4_request, ") == true)
        let denied = ScriptedTransport([Self.answer(403, #"{"Message": "not authorized"}"#)])
        let error = #expect(throws: Failure.self) {
            try LambdaConcurrency(Self.configuration, transport: denied, retries: Self.once)
        }
        #expect(error?.kind == .denied)
    }
}
