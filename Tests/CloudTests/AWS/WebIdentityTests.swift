import Foundation
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Credentials of a web identity")
struct WebIdentityTests {
    private static let role = "arn:aws:iam::123456789012:role/pod"

    /// The variables of a pod whose token is `token`.
    private func withPod(
        token: String = "hush+Token/==\n", _ body: (_ environment: [String: String], _ path: String) throws -> Void
    ) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/token"
            try token.write(toFile: path, atomically: true, encoding: .utf8)
            let environment = [
                "AWS_REGION": "eu-west-1", "HOME": folder, "AWS_ROLE_ARN": Self.role,
                "AWS_WEB_IDENTITY_TOKEN_FILE": path,
            ]
            try body(environment, path)
        }
    }

    @Test("The token is exchanged at the region's endpoint, without a signature, and read again for each renewal")
    func exchange() throws {
        try withPod { environment, path in
            let service = FakeTokenService()
            let named = environment.merging(["AWS_ROLE_SESSION_NAME": "my pod"]) { $1 }
            let source = try AWSConfiguration(named, transport: service).credentials
            let found = try source.credentials()
            #expect(found.accessKey.value == "A1" && found.secretKey.value == "S1" && found.sessionToken?.value == "T1")
            #expect(found.expiration == 4_102_444_800)
            #expect(found.origin == "the web identity of AWS_ROLE_ARN")
            let request = try #require(service.requests.first)
            #expect(request.method == "POST" && request.url == "https://sts.eu-west-1.amazonaws.com/")
            #expect(request.header("Authorization") == nil)
            #expect(request.header("Content-Type") == "application/x-www-form-urlencoded")
            #expect(
                service.fields.first == [
                    "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": Self.role,
                    "RoleSessionName": "my pod", "WebIdentityToken": "hush+Token/==",
                ])
            #expect(try source.credentials() == found)
            #expect(service.requests.count == 1)

            try "second".write(toFile: path, atomically: true, encoding: .utf8)
            _ = try AWSConfiguration(environment, transport: service).credentials.credentials()
            #expect(service.fields.last?["WebIdentityToken"] == "second")
            #expect(service.fields.last?["RoleSessionName"]?.hasPrefix("cai-") == true)
        }
    }

    @Test("Endpoints of the environment are used", arguments: ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"])
    func endpoint(variable: String) throws {
        try withPod { environment, _ in
            let service = FakeTokenService()
            let all = environment.merging([variable: "http://127.0.0.1:9/sts/"]) { $1 }
            _ = try AWSConfiguration(all, transport: service).credentials.credentials()
            #expect(service.requests.map(\.url) == ["http://127.0.0.1:9/sts/"])
        }
    }

    @Test("Keys of the environment come before a web identity, and a profile after it")
    func order() throws {
        try withPod { environment, path in
            try FileManager.default.createDirectory(
                atPath: environment["HOME", default: ""] + "/.aws", withIntermediateDirectories: true)
            try "[default]\naws_access_key_id = P\naws_secret_access_key = Q\n".write(
                toFile: environment["HOME", default: ""] + "/.aws/credentials", atomically: true, encoding: .utf8)
            let service = FakeTokenService()
            let found = try AWSConfiguration(environment, transport: service).credentials.credentials()
            #expect(found.accessKey.value == "A1")
            let keys = environment.merging(["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "F"]) { $1 }
            let first = try AWSConfiguration(keys, transport: service).credentials.credentials()
            #expect(first.accessKey.value == "E" && first.origin == "the environment")
            #expect(service.requests.count == 1)
        }
    }

    @Test(
        "A token file that is missing or empty is an error, and no other source is asked", arguments: [nil, "", " \n"])
    func badFile(token: String?) throws {
        try withPod(token: token ?? "x") { environment, path in
            if token == nil { try FileManager.default.removeItem(atPath: path) }
            let service = FakeTokenService()
            let source = try AWSConfiguration(environment, transport: service).credentials
            let error = #expect(throws: Failure.self) { try source.credentials() }
            #expect(error?.kind == .input)
            #expect(error?.subject == "AWS_WEB_IDENTITY_TOKEN_FILE")
            #expect(error?.description.contains(path) == true)
            #expect(service.requests.isEmpty)
        }
    }

    @Test(
        "A refusal of AWS STS is an error with its code, and the token is hidden",
        arguments: [
            (403, "AccessDenied", Failure.Kind.denied, 1), (400, "ExpiredTokenException", .denied, 1),
            (503, "ServiceUnavailable", .unavailable, 3), (400, "IDPCommunicationError", .unavailable, 3),
        ])
    func refusal(status: Int, code: String, kind: Failure.Kind, attempts: Int) throws {
        try withPod { environment, path in
            let service = FakeTokenService { fields in
                FakeTokenService.refusal(status, code, "no: \(fields["WebIdentityToken"] ?? "")")
            }
            var tokens = SecurityTokenService(
                endpoints: AWSEndpoints(region: "eu-west-1", environment: [:]), transport: service
            )
            tokens.retries.sleep = { _ in }
            let identity = WebIdentityCredentials(environment: environment, tokens: tokens)
            let error = #expect(throws: Failure.self) { try identity.credentials() }
            #expect(error?.kind == kind)
            let line = "AWS STS, AssumeRoleWithWebIdentity of \(Self.role): \(code): no: (hidden)"
            #expect(error?.description.hasPrefix(line) == true)
            #expect(service.requests.count == attempts)
        }
    }

    @Test("An answer without credentials is refused and not quoted")
    func brokenAnswer() throws {
        try withPod { environment, _ in
            let service = FakeTokenService { _ in HTTPResponse(status: 200, body: Array("<hush/>".utf8)) }
            let source = try AWSConfiguration(environment, transport: service).credentials
            let error = #expect(throws: Failure.self) { try source.credentials() }
            #expect(error?.description.contains("the answer holds no credentials") == true)
            #expect(error?.description.contains("hush") == false)
        }
    }
}
