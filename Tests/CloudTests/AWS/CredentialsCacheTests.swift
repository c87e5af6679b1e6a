import Synchronization
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Credentials that expire")
struct CredentialsCacheTests {
    /// Provides credentials that are valid for an hour, and counts the requests.
    private final class Hourly: CredentialsProvider {
        let name = "hourly"
        let clock: Clock
        let count = Mutex(0)
        let error = Mutex<Failure?>(nil)
        let seconds: Double

        init(_ clock: Clock, seconds: Double = 3600) { (self.clock, self.seconds) = (clock, seconds) }

        func credentials() throws(Failure) -> AWSCredentials? {
            if let error = error.withLock({ $0 }) { throw error }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return AWSCredentials(
                accessKey: "A\(number)", secretKey: "S", expiration: clock.time.withLock { $0 } + seconds)
        }
    }

    final class Clock: Sendable {
        let time = Mutex(1000.0)
        func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
    }

    @Test("Credentials are renewed five minutes before they expire, and kept while renewal fails")
    func refresh() throws {
        let clock = Clock()
        let hourly = Hourly(clock)
        let source = AWSCredentialsSource([hourly]) { clock.time.withLock { $0 } }
        let results = concurrently(8) { _ in (0..<50).compactMap { _ in try? source.credentials() } }
        #expect(results.allSatisfy { $0.count == 50 && $0.allSatisfy { $0.accessKey.value == "A1" } })
        clock.advance(3299)
        #expect(try source.credentials().accessKey.value == "A1")
        clock.advance(2)
        #expect(try source.credentials().accessKey.value == "A2")
        hourly.error.withLock { $0 = Failure(.unavailable, "hourly", "down") }
        clock.advance(3400)
        #expect(try source.credentials().accessKey.value == "A2")
        clock.advance(300)
        #expect(throws: Failure.self) { try source.credentials() }
    }

    @Test("Credentials that expire soon are requested at most once a minute while they are valid")
    func shortLived() throws {
        let clock = Clock()
        let hourly = Hourly(clock, seconds: 120)
        let source = AWSCredentialsSource([hourly]) { clock.time.withLock { $0 } }
        for (seconds, count) in [(0.0, 1), (59, 1), (1, 2), (30, 2), (120, 3)] {
            clock.advance(seconds)
            #expect(try source.credentials().accessKey.value == "A\(count)")
        }
    }

    @Test(
        "A source that fails is not reported as a missing or forbidden object",
        arguments: [Failure.Kind.notFound, .denied])
    func missingFile(kind: Failure.Kind) {
        let provider = Hourly(Clock())
        provider.error.withLock { $0 = Failure(kind, "/token", "no such file") }
        let error = #expect(throws: Failure.self) { try AWSCredentialsSource([provider]).credentials() }
        #expect(error == Failure("/token", "no such file"))
    }

    @Test("Printed clients, requests and errors contain no credentials")
    func hidden() throws {
        let credentials = AWSCredentials(accessKey: "AKIDX", secretKey: "HUSH", sessionToken: "TOKENX")
        let signed = try SigV4.sign(
            HTTPRequest("GET", "https://h/x?X-Amz-Security-Token=TOKENX"), service: "s3", region: "r",
            credentials: credentials, date: 0)
        var text = "\(credentials) \(credentials.secretKey) \(signed) \(AWSCredentialsSource(credentials))"
        dump(credentials, to: &text)
        dump(signed, to: &text)
        let environment = [
            "AWS_REGION": "r", "AWS_ACCESS_KEY_ID": "AKIDX", "AWS_SECRET_ACCESS_KEY": "HUSH",
            "AWS_SESSION_TOKEN": "TOKENX",
        ]
        let client = try S3Client.fromEnvironment(environment, transport: FakeTransport { _ in nil })
        dump(client, to: &text)
        text += "\(client)" + String(reflecting: client)
        dump(HTTPResponse(status: 200, body: Array("HUSH".utf8)), to: &text)
        text += String(reflecting: credentials) + String(reflecting: credentials.secretKey) + String(reflecting: signed)
        text += "\(Optional(credentials) as Any) \([credentials.secretKey])"
        for secret in ["AKIDX", "HUSH", "TOKENX"] { #expect(!text.contains(secret)) }
        #expect(credentials.redact("a AKIDX b HUSH c TOKENX") == "a (hidden) b (hidden) c (hidden)")
    }
}
