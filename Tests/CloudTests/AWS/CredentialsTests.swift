import Foundation
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

    private func find(
        _ environment: [String: String], files: [String: String] = [:], transport: FakeTransport = silence
    ) throws -> (region: String, credentials: AWSCredentials) {
        try FoundCredentials.find(environment, files: files, transport: transport)
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

    @Test(
        "A part of a source's settings is an error that does not show it",
        arguments: [
            "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
        ])
    func halfEnvironment(variable: String) {
        // The container's endpoint, which comes later, must not be used instead.
        let environment = Self.nowhere.merging([
            variable: "hush", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/",
        ]) { $1 }
        let error = #expect(throws: Failure.self) { try find(environment) }
        #expect(error?.kind == .input)
        #expect(error?.description.contains(variable) == true)
        #expect(error?.description.contains("hush") == false)
    }

    @Test(
        "A named file that does not exist is an error where a profile is named",
        arguments: ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
    func missingFile(variable: String) {
        let environment = Self.nowhere.merging([
            variable: "/nowhere/to/be/found", "AWS_PROFILE": "default",
        ]) { $1 }
        let error = #expect(throws: Failure.self) { try find(environment, files: Self.files) }
        #expect(error?.description == "\(variable): /nowhere/to/be/found: no such file")
    }

    @Test("Indented settings are read; those below another setting are not settings of the profile")
    func indentation() throws {
        let text = "[default]\n  aws_access_key_id = A\n  aws_secret_access_key = B\n  s3 =\n    region = nested\n"
        #expect(values(try find(Self.nowhere, files: ["credentials": text]).credentials) == ["A", "B", nil])
        #expect(try INIFile(text, name: "f").sections["default"]?["region"] == nil)
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
        #expect(error?.kind == .input)
        #expect(
            error?.description == "AWS credentials: none found; looked in the environment, "
                + "the web identity of AWS_ROLE_ARN, profile \"default\", "
                + "the container's endpoint, EC2's metadata service; public objects need AWS_NO_SIGN_REQUEST=YES instead"
        )
    }

    @Test(
        "A response without credentials is refused and not quoted",
        arguments: [
            "{}", "hush", "{\"AccessKeyId\": \"hush\"}",
            "{\"AccessKeyId\": \"hush\", \"SecretAccessKey\": \"hush\", \"Expiration\": \"soon\"}",
        ])
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
        #expect(try configuration.endpoints.custom(.s3) == "http://s3:2")
        #expect(try configuration.endpoints.custom(.stateMachines) == "http://all:1")
        let plain = try AWSConfiguration(["AWS_REGION": "eu-west-1"], transport: Self.silence)
        #expect(try plain.endpoints.custom(.s3) == nil)
        let broken = try AWSConfiguration(base.merging(["AWS_ENDPOINT_URL_S3": "s3:2"]) { $1 }, transport: Self.silence)
        #expect(throws: Failure.self) { try broken.endpoints.custom(.s3) }
    }

    @Test("A metadata service that the environment names, and that does not respond, is an error")
    func namedInstance() {
        let environment = ["AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:5/"]
        let error = #expect(throws: Failure.self) { try find(environment) }
        #expect(error?.description.contains("AWS_EC2_METADATA_SERVICE_ENDPOINT") == true)
        for variable in ["AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] {
            let unknown = #expect(throws: Failure.self) { try find(["AWS_REGION": "r", variable: "5"]) }
            #expect(unknown?.description.contains(variable) == true)
        }
    }
}
