import FoundationEssentials
import Platform

/// Credentials of a role in IAM Identity Center (single sign-on), by the token that `aws sso login` has left in a file.
struct SignInCredentials {
    let environment: [String: String]
    let tokens: SecurityTokenService
    /// The command that signs in again.
    private let command: String
    private let name: String
    /// A name of a session, or a URL: the file of the token is called by its digest.
    private let session: String
    private let region: String
    private let account: String
    private let role: String

    /// nil for a profile that names no account and no role: a sign-in alone has no credentials.
    /// - Throws: `Failure` of kind `.input` where a setting is missing.
    init?(
        _ profile: AWSProfile, _ profiles: AWSProfiles, environment: [String: String], tokens: SecurityTokenService
    ) throws(Failure) {
        guard let known = ["sso_account_id", "sso_role_name"].first(where: { profile[$0] != nil }) else { return nil }
        guard let session = profile["sso_session"] ?? profile["sso_start_url"] else {
            throw Failure(profile.name, "\(known): expected sso_session or sso_start_url with it, found none")
        }
        (self.environment, self.tokens, self.session, name) = (environment, tokens, session, profile.name)
        command = "aws sso login --profile \(profile.profile.oneLine)"
        func setting(_ key: String, in section: AWSProfile) throws(Failure) -> String {
            guard let value = section[key] else {
                throw Failure(section.name, "\(key): expected with a sign-in (\(session.oneLine)), found none")
            }
            return value
        }
        let named = profile["sso_session"]
        region = try setting(
            "sso_region",
            in: try named.map { named throws(Failure) in try profiles.session(named, of: profile) } ?? profile)
        guard AWSConfiguration.isRegion(region) else {
            throw Failure(name, "sso_region: \(region.oneLine.quoted) is not a region")
        }
        account = try setting("sso_account_id", in: profile)
        role = try setting("sso_role_name", in: profile)
    }

    /// - Throws: `Failure` of kind `.denied` where the token is missing or has expired, or does not allow the role.
    func credentials() throws(Failure) -> AWSCredentials {
        let token = try token()
        let query = "account_id=\(PercentEncoding.encode(account))&role_name=\(PercentEncoding.encode(role))"
        let endpoint = try tokens.endpoints.url(of: .signIn, region: region)
        let address = try WebAddress(endpoint)
        // The token must not be sent unencrypted to other hosts.
        guard address.scheme == "https" || address.isLoopback else {
            throw Failure(
                subject,
                "AWS_ENDPOINT_URL_SSO: expected https or a loopback address, found the host \(address.host.oneLine)")
        }
        let request = HTTPRequest(
            "GET", "\(endpoint)/federation/credentials?\(query)",
            headers: [("x-amz-sso_bearer_token", token.value)], timeout: 10)
        var attempts = Retries(tokens.retries)
        while true {
            let failure: Failure
            do throws(Failure) {
                let response = try tokens.transport.send(request)
                if response.status == 200 { return try credentials(response) }
                failure = refusal(response)
            } catch {
                failure = error.reading(subject)
            }
            guard failure.kind == .unavailable else { throw failure }
            try attempts.wait(after: failure)
        }
    }

    private var subject: String { "\(name): single sign-on" }

    /// Read again for each renewal.
    private func token() throws(Failure) -> Secret {
        guard let home = environment.set("HOME") else { throw Failure(subject, "HOME: expected the folder of .aws") }
        let path = "\(home)/.aws/sso/cache/\(SHA1Digest.hexadecimal(of: session)).json"
        guard FileManager.default.fileExists(atPath: path) else {
            throw Failure(.denied, subject, "not signed in (\(path.oneLine) does not exist): \(command)")
        }
        let document = try? JSONValue.parse(try FileBytes.read(path), name: path)
        // Older versions write UTC instead of Z.
        let end = document?["expiresAt"]?.string.map { $0.hasSuffix("UTC") ? $0.dropLast(3) + "Z" : $0 }
        guard let token = document?["accessToken"]?.string, !token.isEmpty,
            token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let date = end.flatMap({ Date(extended: $0) })
        else {
            throw Failure(subject, "\(path.oneLine): expected accessToken and expiresAt, found none: \(command)")
        }
        guard date.timeIntervalSince1970 > tokens.retries.now() else {
            throw Failure(.denied, subject, "signed in until \((end ?? "").oneLine): \(command)")
        }
        return Secret(value: token)
    }

    /// Errors never quote the response.
    private func credentials(_ response: HTTPResponse) throws(Failure) -> AWSCredentials {
        struct Document: Decodable {
            struct Credentials: Decodable {
                let accessKeyId: String
                let secretAccessKey: String
                let sessionToken: String
                /// Milliseconds since 1970.
                let expiration: Double
            }
            let roleCredentials: Credentials
        }
        guard let found = try? JSONDecoder().decode(Document.self, from: Data(response.body)).roleCredentials,
            !found.accessKeyId.isEmpty, !found.secretAccessKey.isEmpty, found.expiration > 0
        else { throw Failure(subject, "the answer holds no credentials: expected roleCredentials") }
        return AWSCredentials(
            accessKey: found.accessKeyId, secretKey: found.secretAccessKey, sessionToken: found.sessionToken,
            expiration: found.expiration / 1000)
    }

    private func refusal(_ response: HTTPResponse) -> Failure {
        if response.isTransient { return Failure(.unavailable, subject, "answered with status \(response.status)") }
        let reason =
            response.status == 401
            ? "the sign-in has ended: \(command)"
            : "role \(role.oneLine) of account \(account.oneLine) was refused (\(response.status))"
        return Failure(.denied, subject, reason)
    }
}
