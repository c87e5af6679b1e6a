import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Requests with expired credentials")
struct ExpiredCredentialsTests {
    /// Provides other credentials each time, `A1`, `A2` and so on, up to `last`.
    private final class Numbered: CredentialsProvider {
        let name = "the test"
        let last: Int
        let count = Mutex(0)
        let error = Mutex<Failure?>(nil)

        init(last: Int = Int.max) { self.last = last }

        func credentials() throws(Failure) -> AWSCredentials? {
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number > 1, let error = error.withLock({ $0 }) { throw error }
            return AWSCredentials(accessKey: "A\(min(number, last))", secretKey: "S")
        }
    }

    private static func client(_ server: LoopbackServer, _ provider: Numbered) throws -> S3Client {
        var retries = RetryPolicy()
        retries.sleep = { _ in }
        let configuration = AWSConfiguration(
            region: "us-east-1", credentials: AWSCredentialsSource([provider]),
            environment: ["AWS_ENDPOINT_URL_S3": server.url])
        return try S3Client(configuration, transport: CurlTransport(environment: [:]), retries: retries)
    }

    private static func isSigned(_ request: LoopbackServer.Request, by key: String) -> Bool {
        request.headers["authorization"]?.contains("Credential=\(key)/") == true
    }

    @Test(
        "S3's request is sent again with renewed credentials",
        arguments: ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"])
    func s3(code: String) throws {
        try LoopbackServer.run({ request, _ in
            Self.isSigned(request, by: "A1") ? [S3Scripted.error(400, code)] : [.answer(200, [7])]
        }) { server in
            let provider = Numbered()
            let client = try Self.client(server, provider)
            try client.put(bucket: "b", key: "k", [1, 2])
            #expect(server.requests.map(\.body) == [[1, 2], [1, 2]])
            #expect(try client.get(bucket: "b", key: "k") == [7])
            #expect(server.requests.count == 3)
            #expect(provider.count.withLock { $0 } == 2)
        }
    }

    @Test("HEAD, whose refusal has no reason, is sent again with renewed credentials")
    func head() throws {
        try LoopbackServer.run({ request, _ in
            let isExpired = Self.isSigned(request, by: "A1")
            guard request.method == "HEAD" else {
                return [isExpired ? S3Scripted.error(400, "ExpiredToken") : .answer(206, [1])]
            }
            return [.answer(isExpired ? 400 : 200, headers: isExpired ? [:] : ["Content-Length": "5"], bodyless: true)]
        }) { server in
            let client = try Self.client(server, Numbered())
            #expect(try client.head(bucket: "b", key: "k")?.size == 5)
            #expect(server.requests.map(\.method) == ["HEAD", "GET", "GET", "HEAD"])
        }
    }

    @Test("A request is sent again once, and only with other credentials", arguments: [1, 100])
    func once(last: Int) throws {
        try LoopbackServer.run({ _, _ in [S3Scripted.error(400, "ExpiredToken")] }) { server in
            let client = try Self.client(server, Numbered(last: last))
            let error = #expect(throws: Failure.self) { try client.get(bucket: "b", key: "k") }
            #expect(
                error?.description
                    == "s3://b/k: the credentials have expired (ExpiredToken, 400); credentials from the test")
            #expect(server.requests.count == (last == 1 ? 1 : 2))
        }
    }

    @Test("Other refusals do not renew credentials", arguments: [(403, "AccessDenied"), (403, "InvalidAccessKeyId")])
    func otherRefusals(status: Int, code: String) throws {
        try LoopbackServer.run({ _, _ in [S3Scripted.error(status, code)] }) { server in
            let provider = Numbered()
            let client = try Self.client(server, provider)
            #expect(throws: Failure.self) { try client.get(bucket: "b", key: "k") }
            #expect(server.requests.count == 1 && provider.count.withLock { $0 } == 1)
        }
    }

    @Test("A renewal that fails is an error with both reasons")
    func failedRenewal() throws {
        try LoopbackServer.run({ _, _ in [S3Scripted.error(400, "ExpiredToken")] }) { server in
            let provider = Numbered()
            provider.error.withLock { $0 = Failure("/token", "cannot be read") }
            let client = try Self.client(server, provider)
            let error = #expect(throws: Failure.self) { try client.get(bucket: "b", key: "k") }
            #expect(
                error?.description == "AWS credentials: those from the test have expired, and cannot be renewed: "
                    + "/token: cannot be read")
        }
    }

    @Test("Threads that are refused together share one renewal")
    func threads() throws {
        let provider = Numbered()
        let source = AWSCredentialsSource([provider])
        let refused = Mutex(0)
        let keys = concurrently(8) { _ -> String? in
            try? source.send { credentials throws(Failure) in
                guard credentials.accessKey.value == "A1" else { return credentials.accessKey.value }
                refused.withLock { $0 += 1 }
                // All eight have the first credentials before the first is refused.
                var left = 60_000
                while refused.withLock({ $0 }) < 8, left > 0 {
                    usleep(1000)
                    left -= 1
                }
                return "A1"
            } hasExpired: {
                $0 == "A1"
            }
        }
        #expect(keys == Array(repeating: "A2", count: 8))
        #expect(provider.count.withLock { $0 } == 2)
    }

    @Test("A request to Step Functions is sent again with renewed credentials")
    func stepFunctions() throws {
        func answer(_ status: Int, _ body: String) -> Result<HTTPResponse, Failure> {
            .success(HTTPResponse(status: status, body: Array(body.utf8)))
        }
        let expired = answer(400, #"{"__type": "com.amazon.coral.service#ExpiredTokenException", "message": "old"}"#)
        let transport = ScriptedTransport([expired, answer(200, #"{"status": "RUNNING"}"#), expired, expired])
        let provider = Numbered()
        let client = try StepFunctionsClient(
            AWSConfiguration(region: "r", credentials: AWSCredentialsSource([provider])), transport: transport)
        #expect(try client.describeExecution("arn").isRunning)
        let keys = transport.requests.map { $0.header("Authorization")?.contains("Credential=A2/") == true }
        #expect(keys == [false, true])
        let error = #expect(throws: Failure.self) { try client.describeExecution("arn") }
        #expect(
            error?.description
                == "arn: DescribeExecution: ExpiredTokenException: old; credentials from the test")
        #expect(transport.requests.count == 4)
    }
}
