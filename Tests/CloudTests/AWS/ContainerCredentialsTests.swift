import Foundation
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Credentials of a container")
struct ContainerCredentialsTests {
    private static let nowhere = ["AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"]
    private static let json = """
        {"Code": "Success", "AccessKeyId": "AKID", "SecretAccessKey": "SECRET", "Token": "TOKEN",
        "Expiration": "2030-01-01T00:00:00Z"}
        """

    private func find(_ environment: [String: String], transport: FakeTransport) throws -> AWSCredentials {
        try FoundCredentials.find(environment, transport: transport).credentials
    }

    private func values(_ credentials: AWSCredentials) -> [String?] {
        [credentials.accessKey.value, credentials.secretKey.value, credentials.sessionToken?.value]
    }

    @Test("Credentials of a container's endpoint are requested with its token")
    func container() throws {
        let transport = FakeTransport { _ in HTTPResponse(status: 200, body: Array(Self.json.utf8)) }
        let found = try find(
            Self.nowhere.merging(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"]) { $1 }, transport: transport)
        #expect(values(found) == ["AKID", "SECRET", "TOKEN"])
        #expect(found.expiration == 1_893_456_000)
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

    @Test(
        "The token of a container is sent unencrypted only to this machine and the agents of ECS and EKS",
        arguments: [
            ("http://example.com/x", false), ("http://169.254.169.254/x", false), ("http://169.254.170.22/", false),
            ("http://[fd00:ec2::254]/x", false), ("http://[fe80::1]/x", false), ("http://127.example.com/", false),
            ("https://example.com/x", true), ("http://localhost:8080/x", true), ("http://127.0.0.2/x", true),
            ("http://[::1]:1/x", true), ("http://169.254.170.2/x", true),
            ("http://169.254.170.23/v1/credentials", true),
            ("http://[fd00:ec2::23]/v1/credentials", true),
        ])
    func insecureContainer(url: String, isAllowed: Bool) {
        let transport = FakeTransport { _ in HTTPResponse(status: 200, body: Array(Self.json.utf8)) }
        let environment = Self.nowhere.merging(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]) { $1 }
        if isAllowed {
            #expect(throws: Never.self) { try find(environment, transport: transport) }
            #expect(transport.requests.map(\.url) == [url])
        } else {
            let error = #expect(throws: Failure.self) { try find(environment, transport: transport) }
            #expect(error?.description.contains("169.254.170.23") == true)
            #expect(transport.requests.isEmpty)
        }
    }

    @Test("The token file of a container is read for each renewal, and a token of several lines is refused")
    func containerToken() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/token"
            try "one\n".write(toFile: path, atomically: true, encoding: .utf8)
            let transport = FakeTransport { _ in HTTPResponse(status: 200, body: Array(Self.json.utf8)) }
            let container = ContainerCredentials(
                environment: [
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": path,
                ], transport: transport)
            _ = try container.credentials()
            try "two".write(toFile: path, atomically: true, encoding: .utf8)
            _ = try container.credentials()
            #expect(transport.requests.map { $0.header("Authorization") } == ["one", "two"])
            for text in ["", "hush\r\nX: y", "h\u{FC}sh"] {
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                let error = #expect(throws: Failure.self) { try container.credentials() }
                #expect(error?.subject == "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
                #expect(error?.description.contains("hush") == false)
            }
            try FileManager.default.removeItem(atPath: path)
            let error = #expect(throws: Failure.self) { try container.credentials() }
            #expect(error?.description.hasPrefix("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: \(path)") == true)
            #expect(transport.requests.count == 2)
        }
    }
}
