import Foundation
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Credentials of a single sign-on")
struct SignInTests {
    private static let config = """
        [default]
        region = eu-west-1
        sso_session = work
        sso_account_id = 123456789012
        sso_role_name = Read & Write
        [profile older]
        region = eu-west-1
        sso_start_url = https://sky.awsapps.com/start
        sso_region = us-west-2
        sso_account_id = 123456789012
        sso_role_name = Reader
        [profile user]
        region = eu-west-1
        role_arn = arn:aws:iam::1:role/a
        source_profile = older
        [profile lost]
        sso_session = nowhere
        sso_account_id = 123456789012
        sso_role_name = Reader
        [profile bare]
        sso_session = work
        sso_account_id = 123456789012
        [profile apart]
        sso_account_id = 123456789012
        sso_role_name = Reader
        [profile token]
        sso_session = work
        [profile keys]
        sso_session = work
        aws_access_key_id = AKIDK
        aws_secret_access_key = hushK
        [profile login]
        login_session = arn
        [sso-session work]
        sso_start_url = https://sky.awsapps.com/start
        sso_region = us-east-2
        """
    /// Named by the SHA-1 of "work", and of the URL.
    private static let ofSession = "sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json"
    private static let ofURL = "sso/cache/3824052a05d158fa8b968b4eeba5d108ebe870db.json"
    private static let token = #"{"accessToken": "hushToken", "expiresAt": "2100-01-01T00:00:00Z", "region": "x"}"#
    private static let answer = """
        {"roleCredentials": {"accessKeyId": "AKIDS", "secretAccessKey": "hushS", "sessionToken": "hushT",
        "expiration": 4102444800000}}
        """

    private func find(
        _ profile: String, _ transport: some HTTPTransport, _ files: [String: String] = [ofSession: token],
        endpoint: String = ""
    ) throws -> AWSCredentials {
        let environment = [
            "AWS_PROFILE": profile, "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": endpoint,
        ]
        let all = files.merging(["config": Self.config]) { $1 }
        return try FoundCredentials.find(environment, files: all, transport: transport).credentials
    }

    private static func service(_ status: Int = 200, _ body: String = answer) -> FakeTransport {
        FakeTransport { _ in HTTPResponse(status: status, body: Array(body.utf8)) }
    }

    @Test("The role of a profile is given for the token of its session")
    func session() throws {
        let service = Self.service()
        let found = try find("default", service)
        #expect(found.accessKey.value == "AKIDS" && found.sessionToken?.value == "hushT")
        #expect(found.expiration == 4_102_444_800 && found.origin == "profile \"default\"")
        let request = try #require(service.requests.first)
        #expect(
            request.url == "https://portal.sso.us-east-2.amazonaws.com/federation/credentials"
                + "?account_id=123456789012&role_name=Read%20%26%20Write")
        #expect(request.method == "GET" && request.header("x-amz-sso_bearer_token") == "hushToken")
        #expect(request.header("Authorization") == nil)
    }

    @Test("A profile with a start URL has the token of that URL, and can be the source of a role")
    func startURL() throws {
        let older = Self.token.replacing("00:00:00Z", with: "00:00:00UTC")
        let service = FakeTokenService { fields in
            fields.isEmpty ? HTTPResponse(status: 200, body: Array(Self.answer.utf8)) : nil
        }
        #expect(try find("user", service, [Self.ofURL: older]).accessKey.value == "A2")
        #expect(service.requests.first?.url.hasPrefix("https://portal.sso.us-west-2.amazonaws.com/") == true)
        #expect(service.requests.last?.header("Authorization")?.contains("Credential=AKIDS/") == true)
    }

    @Test("The token is sent to a custom endpoint with encryption, or on this machine")
    func customEndpoint() throws {
        for endpoint in ["https://sso.example", "http://127.0.0.1:9"] {
            let service = Self.service()
            #expect(try find("default", service, endpoint: endpoint).accessKey.value == "AKIDS")
            #expect(service.requests.first?.url.hasPrefix(endpoint + "/federation/") == true)
        }
        let service = Self.service()
        let error = #expect(throws: Failure.self) { try find("default", service, endpoint: "http://store.example") }
        #expect(
            error?.description.contains("expected https or a loopback address, found the host store.example") == true)
        #expect(service.requests.isEmpty)
    }

    @Test("A sign-in without an account and a role leaves a profile its keys")
    func keys() throws {
        let service = Self.service()
        #expect(try find("keys", service).accessKey.value == "AKIDK")
        #expect(service.requests.isEmpty)
    }

    @Test("A service that is busy is asked again")
    func busy() throws {
        let transport = ScriptedTransport([
            .success(HTTPResponse(status: 503)), .success(HTTPResponse(status: 200, body: Array(Self.answer.utf8))),
        ])
        #expect(try find("default", transport).accessKey.value == "AKIDS")
    }

    @Test(
        "A sign-in that is missing, expired or refused names the command that renews it",
        arguments: [
            (200, [:], "not signed in ("), (401, [ofSession: token], "the sign-in has ended"),
            (200, [ofSession: "{}"], "expected accessToken and expiresAt, found none"),
            (200, [ofSession: token.replacing("2100", with: "2020")], "signed in until 2020-01-01T00:00:00Z"),
        ])
    func renewal(status: Int, files: [String: String], reason: String) throws {
        let service = Self.service(status)
        let error = #expect(throws: Failure.self) { try find("default", service, files) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.hasSuffix(": aws sso login --profile default") == true)
        #expect(error?.description.contains("hush") == false)
        #expect(service.requests.count == (status == 401 ? 1 : 0))
    }

    @Test(
        "Other faults are one line, without secrets",
        arguments: [
            ("default", 403, "hush", "role Read & Write of account 123456789012 was refused (403)"),
            ("default", 200, "{\"hush\": 1}", "expected roleCredentials"),
            ("lost", 200, answer, "sso_session: no [sso-session nowhere]"),
            ("bare", 200, answer, "sso_role_name: expected with a sign-in (work), found none"),
            ("apart", 200, answer, "sso_account_id: expected sso_session or sso_start_url with it, found none"),
            ("token", 200, answer, "sso_session: expected sso_account_id and sso_role_name with it, found none"),
            ("login", 200, answer, "aws configure export-credentials --profile login --format env"),
        ])
    func refusals(profile: String, status: Int, body: String, reason: String) throws {
        let error = #expect(throws: Failure.self) { try find(profile, Self.service(status, body)) }
        #expect(error?.kind == .input)
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.contains("hush") == false)
    }
}
