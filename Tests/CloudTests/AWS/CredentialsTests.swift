import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Credentials")
struct CredentialsTests {
    private static let silence = FakeTransport { _ in nil }
    private static let nowhere = ["AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"]
    private static let json = """
        {"Code": "Success", "AccessKeyId": "AKID", "SecretAccessKey": "SECRET", "Token": "TOKEN",
        "Expiration": "2030-01-01T00:00:00Z"}
        """

    /// The credentials found in `environment`, with `files` in a separate home folder.
    private func find(
        _ environment: [String: String], files: [String: String] = [:], transport: FakeTransport = silence
    ) throws -> (region: String, credentials: AWSCredentials) {
        try Fixture.withTemporaryFolder { home in
            try FileManager.default.createDirectory(atPath: home + "/.aws", withIntermediateDirectories: true)
            for (name, text) in files {
                try text.write(toFile: home + "/.aws/" + name, atomically: true, encoding: .utf8)
            }
            let all = ["HOME": home].merging(environment) { $1 }
            let configuration = try AWSConfiguration(all, transport: transport)
            return (configuration.region, try configuration.credentials.credentials())
        }
    }

    private func values(_ credentials: AWSCredentials) -> [String?] {
        [credentials.accessKey.value, credentials.secretKey.value, credentials.sessionToken?.value]
    }

    @Test("Credentials of the environment, with and without a session token, are found")
    func environment() throws {
        var environment = ["AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B"]
        #expect(values(try find(environment).credentials) == ["A", "B", nil])
        environment["AWS_SESSION_TOKEN"] = "C"
        // The environment takes precedence, and a broken file is ignored.
        let files = ["credentials": "[default]\naws_access_key_id = X\naws_secret_access_key = Y\n", "config": "?"]
        #expect(values(try find(environment, files: files).credentials) == ["A", "B", "C"])
    }

    @Test("One key without the other is an error that does not show it")
    func halfEnvironment() {
        let environment = Self.nowhere.merging(["AWS_SECRET_ACCESS_KEY": "hush"]) { $1 }
        let error = #expect(throws: Failure.self) { try find(environment) }
        #expect(error?.kind == .input)
        #expect(error?.description.contains("hush") == false)
    }

    private static let files = [
        "credentials": """
        # keys
        [default]
        aws_access_key_id = A1
        aws_secret_access_key=S1/+=x
        [ work ]
        AWS_ACCESS_KEY_ID = A2   ; a comment
        aws_secret_access_key = S2
        aws_session_token = T2==
        [half]
        aws_access_key_id = A3
        """,
        "config": """
        [default]
        region = us-west-2
        [profile work]
        region = ap-south-1
        s3 =
          max_concurrent_requests = 20
        output = json
        [profile other]
        region = eu-north-1
        role_arn = arn:aws:iam::1:role/x
        """,
    ]

    @Test("Credentials and region of a profile in the shared files are found")
    func profiles() throws {
        let base = ["AWS_EC2_METADATA_DISABLED": "true"]
        let usual = try find(base, files: Self.files)
        #expect(usual.region == "us-west-2" && values(usual.credentials) == ["A1", "S1/+=x", nil])
        let work = try find(base.merging(["AWS_PROFILE": "work"]) { $1 }, files: Self.files)
        #expect(work.region == "ap-south-1" && values(work.credentials) == ["A2", "S2", "T2=="])
        let region = try find(
            base.merging(["AWS_PROFILE": "work", "AWS_DEFAULT_REGION": "us-east-2"]) { $1 }, files: Self.files)
        #expect(region.region == "us-east-2")
    }

    @Test("Shared files at other paths are read")
    func otherFiles() throws {
        try Fixture.withTemporaryFolder { folder in
            for (name, text) in Self.files {
                try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
            }
            let environment = [
                "AWS_SHARED_CREDENTIALS_FILE": folder + "/credentials", "AWS_CONFIG_FILE": folder + "/config",
                "AWS_PROFILE": "work",
            ]
            #expect(values(try find(environment).credentials) == ["A2", "S2", "T2=="])
        }
    }

    @Test("Missing and unusable profiles are refused with the reason", arguments: ["missing", "half", "other"])
    func badProfiles(name: String) {
        let environment = Self.nowhere.merging(["AWS_PROFILE": name]) { $1 }
        let error = #expect(throws: Failure.self) { try find(environment, files: Self.files) }
        #expect(error?.description.contains(name) == true)
        #expect(error?.kind == (name == "missing" ? .notFound : .input))
    }

    @Test(
        "The error for an invalid file has the number of the line, but not the line",
        arguments: ["[x", "key = v", "[a]\nsecret"])
    func brokenFile(text: String) {
        let error = #expect(throws: Failure.self) { try find(Self.nowhere, files: ["credentials": text]) }
        #expect(error?.message.hasPrefix("line ") == true)
        #expect(error?.subject.hasSuffix("/.aws/credentials") == true)
        #expect(error?.description.contains("secret\"") == false)
    }

    @Test("Credentials of a container's endpoint are requested with its token")
    func container() throws {
        let transport = FakeTransport { _ in HTTPResponse(status: 200, body: Array(Self.json.utf8)) }
        let found = try find(
            Self.nowhere.merging(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"]) { $1 }, transport: transport)
        #expect(values(found.credentials) == ["AKID", "SECRET", "TOKEN"])
        #expect(found.credentials.expiration == 1_893_456_000)
        #expect(transport.requests.map(\.url) == ["http://169.254.170.2/v2/x"])

        try Fixture.withTemporaryFolder { folder in
            try "token\n".write(toFile: folder + "/token", atomically: true, encoding: .utf8)
            let environment = Self.nowhere.merging([
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:99/get",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": folder + "/token",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other",
            ]) { $1 }
            _ = try find(environment, transport: transport)
        }
        #expect(transport.requests.last?.url == "http://127.0.0.1:99/get")
        #expect(transport.requests.last?.header("Authorization") == "token")
    }

    @Test("The token of a container is not sent unencrypted")
    func insecureContainer() {
        let transport = FakeTransport { _ in HTTPResponse(status: 200, body: Array(Self.json.utf8)) }
        let environment = Self.nowhere.merging(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"]) { $1 }
        #expect(throws: Failure.self) { try find(environment, transport: transport) }
        #expect(transport.requests.isEmpty)
    }

    @Test("Credentials of EC2's metadata service, version 2, are found")
    func instance() throws {
        let transport = FakeTransport { request in
            switch (request.method, request.url) {
            case ("PUT", "http://127.0.0.1:5/latest/api/token"): HTTPResponse(status: 200, body: Array("tok".utf8))
            case ("GET", _) where request.header("X-aws-ec2-metadata-token") != "tok": HTTPResponse(status: 401)
            case ("GET", "http://127.0.0.1:5/latest/meta-data/iam/security-credentials/"):
                HTTPResponse(status: 200, body: Array("my role\n".utf8))
            case ("GET", "http://127.0.0.1:5/latest/meta-data/iam/security-credentials/my%20role"):
                HTTPResponse(status: 200, body: Array(Self.json.utf8))
            default: HTTPResponse(status: 404)
            }
        }
        let environment = ["AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:5/"]
        #expect(values(try find(environment, transport: transport).credentials) == ["AKID", "SECRET", "TOKEN"])
    }

    @Test("Without credentials the error names the providers")
    func nowhere() {
        let error = #expect(throws: Failure.self) { try find(["AWS_REGION": "eu-west-1"]) }
        #expect(error?.kind == .denied)
        #expect(
            error?.description == "AWS credentials: none found; looked in the environment, profile \"default\", "
                + "the container's endpoint, EC2's metadata service")
    }

    @Test(
        "A response without credentials is refused and not quoted",
        arguments: ["{}", "hush", "{\"AccessKeyId\": \"hush\"}"])
    func brokenAnswer(text: String) {
        let transport = FakeTransport { _ in HTTPResponse(status: 200, body: Array(text.utf8)) }
        let environment = Self.nowhere.merging(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]) { $1 }
        let error = #expect(throws: Failure.self) { try find(environment, transport: transport) }
        #expect(error?.kind == .input)
        #expect(error?.description.contains("hush") == false)
    }

    @Test("Without a valid region the error says what to set", arguments: ["", "EU WEST", "a/b"])
    func regions(text: String) {
        let error = #expect(throws: Failure.self) { try find(["AWS_REGION": text]) }
        #expect(error?.subject == "AWS region")
        #expect(error?.kind == .input)
    }

    @Test("The endpoint of the service takes precedence over the general one")
    func endpoints() throws {
        let base = [
            "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://all:1/", "AWS_ENDPOINT_URL_S3": "http://s3:2",
        ]
        let configuration = try AWSConfiguration(base, transport: Self.silence)
        #expect(try configuration.endpoint("S3") == "http://s3:2")
        #expect(try configuration.endpoint("SFN") == "http://all:1")
        #expect(try AWSConfiguration(["AWS_REGION": "eu-west-1"], transport: Self.silence).endpoint("S3") == nil)
        let broken = try AWSConfiguration(base.merging(["AWS_ENDPOINT_URL_S3": "s3:2"]) { $1 }, transport: Self.silence)
        #expect(throws: Failure.self) { try broken.endpoint("S3") }
    }
}

@Suite("Credentials that expire")
struct CredentialsCacheTests {
    /// Provides credentials that are valid for an hour, and counts the requests.
    private final class Hourly: CredentialsProvider {
        let name = "hourly"
        let clock: Clock
        let count = Mutex(0)
        let fails = Mutex(false)

        init(_ clock: Clock) { self.clock = clock }

        func credentials() throws(Failure) -> AWSCredentials? {
            if fails.withLock({ $0 }) { throw Failure(.unavailable, name, "down") }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return AWSCredentials(
                accessKey: "A\(number)", secretKey: "S", expiration: clock.time.withLock { $0 } + 3600)
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
        hourly.fails.withLock { $0 = true }
        clock.advance(3400)
        #expect(try source.credentials().accessKey.value == "A2")
        clock.advance(300)
        #expect(throws: Failure.self) { try source.credentials() }
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
