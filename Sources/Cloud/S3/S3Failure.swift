import Platform

/// A failed attempt.
struct S3Failure: Error {
    let error: Failure
    /// Whether another attempt may succeed.
    let isTransient: Bool
    /// Delay in seconds that the server asked for.
    var retryAfter: Double?
    /// nil where no response was received.
    var status: Int?
    /// S3's error code, such as `NoSuchKey`.
    var code: String?
    /// Whether S3 refused the credentials as expired.
    var isExpiry: Bool { code.map(ServiceRefusal.expiryCodes.contains) ?? false }
    /// The received part of a successful response that broke off.
    var partial: HTTPResponse?

    /// No whole response was received.
    init(_ error: Failure, subject: String, partial: HTTPResponse?) {
        self.error = Failure(error.kind, subject, "\(error.subject): \(error.message)")
        isTransient = error.kind == .unavailable
        self.partial = partial
    }

    /// An error response.
    /// - Parameter region: that the request was sent to.
    init(_ response: HTTPResponse, subject: String, region: String, credentials: AWSCredentials) {
        let document = (try? XMLElement(document: response.body)).flatMap { $0.name == "Error" ? $0 : nil }
        let (code, said) = (document?["Code"], document?["Message"])
        let home = response.header("x-amz-bucket-region") ?? document?["Region"]
        status = response.status
        self.code = code
        retryAfter = response.header("Retry-After").flatMap { Double($0) }.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
        // The transient 4xx codes: the connection stalled; a conditional request met another one.
        isTransient = response.isTransient || code == "RequestTimeout" || code == "ConditionalRequestConflict"
        let (kind, words) = Self.meaning(code, response.status, home: home, region: region)
        let label = [code, response.status == 200 ? nil : String(response.status)].compactMap { $0 }
            .joined(separator: ", ")
        var message = label.isEmpty ? words : "\(words) (\(label))"
        if let said, kind != .notFound, !Self.speaksForItself.contains(code ?? "") { message += ": \(said)" }
        if kind == .denied, code != "RequestTimeTooSkewed" { message += "; credentials from \(credentials.origin)" }
        error = Failure(kind, subject, credentials.redact(message).oneLine)
    }

    /// Codes whose messages add no information, or quote the request.
    private static let speaksForItself: Set<String> = [
        "SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken", "InvalidToken", "PermanentRedirect",
        "AuthorizationHeaderMalformed", "PreconditionFailed", "SlowDown", "ServiceUnavailable", "InternalError",
    ]

    private static func meaning(
        _ code: String?, _ status: Int, home: String?, region: String
    ) -> (Failure.Kind, String) {
        switch code {
        case "NoSuchBucket": return (.notFound, "there is no such bucket")
        case "NoSuchKey", "NoSuchVersion": return (.notFound, "there is no such object")
        case "NoSuchUpload": return (.notFound, "there is no such upload")
        case "AccessDenied", "AllAccessDisabled": return (.denied, "access denied")
        case "SignatureDoesNotMatch": return (.denied, "the signature does not match: the secret key is wrong")
        case "InvalidAccessKeyId": return (.denied, "the access key is not known")
        case "ExpiredToken", "TokenRefreshRequired": return (.denied, "the credentials have expired")
        case "InvalidToken": return (.denied, "the session token is not valid")
        case "RequestTimeTooSkewed", "RequestExpired": return (.denied, "this machine's clock is wrong")
        case "PreconditionFailed": return (.conflict, "has changed meanwhile")
        case "OperationAborted", "ConditionalRequestConflict": return (.conflict, "another request is at it")
        case "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "ThrottlingException":
            return (.unavailable, "S3 is not available")
        default: break
        }
        let isElsewhere = home.map { $0 != region } ?? false
        if let home, isElsewhere, status == 301 || status == 307 || status == 400 || status == 403 {
            return (.input, "the bucket is in region \(home), and \(region) was asked: set AWS_REGION=\(home)")
        }
        switch status {
        case 301, 307, 308:
            return (.input, "the bucket is in another region than \(region), or the endpoint is not its own")
        case 401, 403: return (.denied, "access denied")
        case 404: return (.notFound, "not there")
        case 409, 412: return (.conflict, "has changed meanwhile")
        case 429, 500...599: return (.unavailable, "S3 is not available")
        default: return (.input, "the request was refused")
        }
    }
}
