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
    /// The region of the bucket, where the response names it.
    var home: String?
    /// Whether S3 asks for fewer requests.
    var isThrottling: Bool { status == 429 || status == 503 }
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
    /// - Parameters:
    ///   - region: that the request was sent to.
    ///   - credentials: that signed the request; nil for one without a signature.
    init(
        _ response: HTTPResponse, subject: String, region: String, credentials: AWSCredentials?, settings: S3Settings
    ) {
        let document = (try? XMLElement(document: response.body)).flatMap { $0.name == "Error" ? $0 : nil }
        let (code, said) = (document?["Code"], document?["Message"])
        home = response.header("x-amz-bucket-region") ?? document?["Region"]
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
        if kind == .denied, code != "RequestTimeTooSkewed" {
            message +=
                credentials.map { "; credentials from \($0.origin)" } ?? "; without a signature (AWS_NO_SIGN_REQUEST)"
            // S3 gives no other reason to another account.
            if said == "Access Denied", credentials != nil, !settings.isRequesterPaying {
                message += "; a requester-pays bucket needs AWS_REQUEST_PAYER=requester"
            }
        }
        error = Failure(kind, subject, (credentials?.redact(message) ?? message).oneLine)
    }

    /// Codes whose messages add no information, or quote the request.
    private static let speaksForItself: Set<String> = [
        "SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken", "InvalidToken", "PermanentRedirect",
        "AuthorizationHeaderMalformed", "PreconditionFailed", "SlowDown", "ServiceUnavailable", "InternalError",
    ]

    /// Whether the region of the bucket, where it is another one, is the reason for the status.
    static func isAboutRegion(_ status: Int?) -> Bool { [301, 307, 400, 403].contains(status) }

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
        if let home, isElsewhere, Self.isAboutRegion(status) {
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
