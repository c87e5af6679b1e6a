import Foundation
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Credentials of profiles")
struct ProfileCredentialsTests {
    private static let config = """
        [profile keys]
        aws_access_key_id = K
        aws_secret_access_key = hushK
        [profile role]
        role_arn = arn:aws:iam::1:role/a
        source_profile = keys
        external_id = e x
        role_session_name = me
        duration_seconds = 900
        [profile chain]
        role_arn = arn:aws:iam::2:role/b
        source_profile = role
        [profile own]
        role_arn = arn:aws:iam::1:role/own
        source_profile = own
        aws_access_key_id = O
        aws_secret_access_key = hushO
        [profile one]
        role_arn = arn:aws:iam::1:role/1
        source_profile = two
        [profile two]
        role_arn = arn:aws:iam::1:role/2
        source_profile = one
        [profile lost]
        role_arn = arn:aws:iam::1:role/l
        source_profile = nobody
        [profile bare]
        role_arn = arn:aws:iam::1:role/bare
        [profile both]
        role_arn = arn:aws:iam::1:role/both
        source_profile = keys
        credential_source = Environment
        [profile empty]
        region = eu-west-3
        [profile ofEmpty]
        role_arn = arn:aws:iam::1:role/e
        source_profile = empty
        [profile sourceOnly]
        source_profile = keys
        [profile time]
        role_arn = arn:aws:iam::1:role/t
        source_profile = keys
        duration_seconds = 60
        [profile container]
        role_arn = arn:aws:iam::1:role/c
        credential_source = EcsContainer
        [profile unknown]
        role_arn = arn:aws:iam::1:role/u
        credential_source = Moon
        [profile mfa]
        role_arn = arn:aws:iam::1:role/m
        source_profile = keys
        mfa_serial = arn:aws:iam::1:mfa/me
        [profile token]
        aws_session_token = hush
        """

    private func find(
        _ profile: String, _ service: FakeTokenService, _ more: [String: String] = [:]
    ) throws -> AWSCredentials {
        let environment = [
            "AWS_PROFILE": profile, "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
        ].merging(more) { $1 }
        return try FoundCredentials.find(environment, files: ["config": Self.config], transport: service).credentials
    }

    @Test("A role is assumed with the keys of its source profile, signed, with all its settings")
    func role() throws {
        let service = FakeTokenService()
        let found = try find("role", service)
        #expect(found.accessKey.value == "A1" && found.sessionToken?.value == "T1")
        #expect(found.origin == "profile \"role\"")
        let request = try #require(service.requests.first)
        #expect(request.url == "https://sts.eu-west-1.amazonaws.com/")
        #expect(request.header("Authorization")?.hasPrefix("AWS4-HMAC-SHA256 Credential=K/") == true)
        #expect(request.header("Authorization")?.contains("/eu-west-1/sts/aws4_request") == true)
        #expect(
            service.fields == [
                [
                    "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::1:role/a",
                    "RoleSessionName": "me", "ExternalId": "e x", "DurationSeconds": "900",
                ]
            ])
    }

    @Test("Roles are assumed one after the other, each with the credentials of the one before")
    func chain() throws {
        let service = FakeTokenService()
        #expect(try find("chain", service).accessKey.value == "A2")
        #expect(service.fields.map { $0["RoleArn"] } == ["arn:aws:iam::1:role/a", "arn:aws:iam::2:role/b"])
        #expect(service.requests.last?.header("Authorization")?.contains("Credential=A1/") == true)
        #expect(service.requests.last?.header("X-Amz-Security-Token") == "T1")
    }

    @Test("A profile can be the source of its own role")
    func own() throws {
        let service = FakeTokenService()
        #expect(try find("own", service).accessKey.value == "A1")
        #expect(service.requests.first?.header("Authorization")?.contains("Credential=O/") == true)
    }

    @Test("A role is assumed with the credentials of the environment or of the container")
    func sources() throws {
        let service = FakeTokenService { fields in
            let json = #"{"AccessKeyId": "C", "SecretAccessKey": "S", "Expiration": "2100-01-01T00:00:00Z"}"#
            return fields.isEmpty ? HTTPResponse(status: 200, body: Array(json.utf8)) : nil
        }
        let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]
        #expect(try find("container", service, container).accessKey.value == "A2")
        #expect(service.requests.last?.header("Authorization")?.contains("Credential=C/") == true)
        let error = #expect(throws: Failure.self) { try find("container", service) }
        #expect(
            error?.description == #"profile "container": credential_source: 'EcsContainer' provides no credentials"#)
    }

    @Test("A profile of a web identity uses its token file")
    func webIdentity() throws {
        try Fixture.withTemporaryFolder { folder in
            try "token".write(toFile: folder + "/token", atomically: true, encoding: .utf8)
            let config = """
                [default]
                region = eu-west-2
                role_arn = arn:aws:iam::1:role/w
                web_identity_token_file = \(folder)/token
                role_session_name = w
                """
            let service = FakeTokenService()
            let found = try FoundCredentials.find([:], files: ["config": config], transport: service).credentials
            #expect(found.accessKey.value == "A1")
            #expect(service.requests.first?.url == "https://sts.eu-west-2.amazonaws.com/")
            #expect(service.fields.first?["WebIdentityToken"] == "token")
            #expect(service.fields.first?["RoleSessionName"] == "w")
        }
    }

    @Test(
        "A profile that is set up and provides nothing is an error, and no other source is asked",
        arguments: [
            ("one", "the cycle one -> two -> one"), ("lost", #"no profile "nobody""#),
            ("bare", "expected one of source_profile, credential_source, web_identity_token_file, found none"),
            ("both", "found source_profile, credential_source"), ("ofEmpty", "'empty' provides no credentials"),
            ("sourceOnly", "source_profile: expected role_arn"), ("time", "duration_seconds: expected a whole number"),
            ("unknown", "expected one of Ec2InstanceMetadata, EcsContainer, Environment, found 'Moon'"),
            ("mfa", "mfa_serial is not supported: put temporary credentials into the environment, with eval "),
            ("token", "aws_session_token"),
        ])
    func refusals(profile: String, reason: String) throws {
        let service = FakeTokenService()
        let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]
        let error = #expect(throws: Failure.self) { try find(profile, service, container) }
        #expect(error?.kind == .input)
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.contains(#"profile ""#) == true)
        #expect(error?.description.contains("hush") == false)
        #expect(service.requests.isEmpty)
    }

    @Test("The files are read again when credentials are renewed")
    func rewritten() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/credentials"
            func write(_ key: String) throws {
                try "[default]\naws_access_key_id = \(key)\naws_secret_access_key = S\n".write(
                    toFile: path, atomically: true, encoding: .utf8)
            }
            try write("first")
            let source = try AWSConfiguration(
                ["AWS_REGION": "r", "HOME": folder, "AWS_SHARED_CREDENTIALS_FILE": path], transport: FakeTokenService()
            ).credentials
            #expect(try source.credentials().accessKey.value == "first")
            try write("second")
            #expect(try source.credentials().accessKey.value == "first")
            let keys = try source.send {
                $0.accessKey.value
            } hasExpired: {
                $0 == "first"
            }
            #expect(keys == "second")
        }
    }
}
