import FoundationEssentials
import Platform

/// A role whose credentials are requested.
struct AssumedRole: Sendable {
    let arn: String
    /// Name of the session in logs of AWS; nil for one of this program.
    var session: String?
    var externalID: String?
    /// Time until the credentials expire; nil for the service's default, an hour.
    var seconds: Int?
}

/// Client of AWS STS, which gives temporary credentials of roles: form-encoded POST, answers in XML.
struct SecurityTokenService: Sendable {
    let endpoints: AWSEndpoints
    let transport: any HTTPTransport
    var retries: RetryPolicy = {
        var policy = RetryPolicy()
        // Callers wait, and each attempt takes up to ten seconds.
        policy.attempts = 3
        return policy
    }()

    /// - Parameter credentials: that sign the request.
    /// - Throws: `Failure` with the role, and the code and the message of the service.
    func assume(_ role: AssumedRole, with credentials: AWSCredentials) throws(Failure) -> AWSCredentials {
        var fields = fields("AssumeRole", role)
        if let id = role.externalID { fields.append(("ExternalId", id)) }
        return try request(fields, of: role, hiding: credentials.redact) { request throws(Failure) in
            try SigV4.sign(
                request, service: "sts", region: endpoints.region, credentials: credentials, date: retries.now())
        }
    }

    /// Sends no signature: the token is the proof.
    /// - Parameters:
    ///   - path: of the token's file, which is read again for each request.
    ///   - setting: that names the file, for error messages.
    /// - Throws: as `assume(_:with:)` does; `Failure` where the file has no token.
    func assume(_ role: AssumedRole, withTokenIn path: String, of setting: String) throws(Failure) -> AWSCredentials {
        let token = try TokenFile.read(path, of: setting)
        let fields = fields("AssumeRoleWithWebIdentity", role) + [("WebIdentityToken", token.value)]
        return try request(fields, of: role, hiding: token.redact) { request throws(Failure) in request }
    }

    private func fields(_ action: String, _ role: AssumedRole) -> [(name: String, value: String)] {
        var fields = [
            (name: "Action", value: action), ("Version", "2011-06-15"), ("RoleArn", role.arn),
            ("RoleSessionName", role.session ?? "cai-\(Int(retries.now()))"),
        ]
        if let seconds = role.seconds { fields.append(("DurationSeconds", String(seconds))) }
        return fields
    }

    /// - Parameter hide: removes secrets from messages of the service.
    private func request(
        _ fields: [(name: String, value: String)], of role: AssumedRole, hiding hide: (String) -> String,
        _ sign: (HTTPRequest) throws(Failure) -> HTTPRequest
    ) throws(Failure) -> AWSCredentials {
        let endpoint = try endpoints.url(of: .securityTokens)
        let body = fields.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        let request = HTTPRequest(
            "POST", endpoint + "/", headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(body.utf8), timeout: 10)
        let subject = "AWS STS, \(fields[0].value) of \(role.arn.oneLine)"
        var attempts = Retries(retries)
        while true {
            let failure: Failure
            do throws(Failure) {
                let response = try transport.send(try sign(request))
                if response.status == 200 { return try Self.credentials(response, action: fields[0].value, subject) }
                failure = Self.refusal(response, subject, hide)
            } catch {
                failure = Failure(error.kind, subject, error.description)
            }
            guard failure.kind == .unavailable else { throw failure }
            try attempts.wait(after: failure)
        }
    }

    /// Errors never quote the response.
    private static func credentials(
        _ response: HTTPResponse, action: String, _ subject: String
    ) throws(Failure) -> AWSCredentials {
        let document = try? XMLElement(document: response.body)
        let found = document?.all("\(action)Result").first?.all("Credentials").first
        return try CredentialsDocument(
            AccessKeyId: found?["AccessKeyId"], SecretAccessKey: found?["SecretAccessKey"],
            SessionToken: found?["SessionToken"], Expiration: found?["Expiration"]
        ).credentials(subject)
    }

    private static func refusal(_ response: HTTPResponse, _ subject: String, _ hide: (String) -> String) -> Failure {
        let error = (try? XMLElement(document: response.body))?.all("Error").first
        let code = error?["Code"] ?? ""
        let words = [code.isEmpty ? "status \(response.status)" : code, error?["Message"] ?? ""]
        let isTransient =
            response.isTransient || ["Throttling", "ThrottlingException", "IDPCommunicationError"].contains(code)
        let kind: Failure.Kind =
            isTransient ? .unavailable : [400, 401, 403].contains(response.status) ? .denied : .input
        return Failure(kind, subject, hide(words.filter { !$0.isEmpty }.joined(separator: ": ")).oneLine)
    }
}
