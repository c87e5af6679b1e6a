import Platform

/// An error response of an AWS JSON service.
struct ServiceRefusal {
    private let response: HTTPResponse
    /// Name of the error, without the namespace; may be empty.
    private let code: String
    private let message: String
    private let origin: String

    /// Errors for credentials that have expired. They are renewed, and the request is sent again.
    static let expiryCodes: Set<String> = [
        "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired",
    ]

    /// Whether the service refused the credentials as expired.
    var isExpiry: Bool { Self.expiryCodes.contains(code) }

    /// - Parameter credentials: removed from the message, since services quote requests with an invalid signature.
    init(_ response: HTTPResponse, hiding credentials: AWSCredentials) {
        self.response = response
        origin = credentials.origin
        let body = try? JSONValue.parse(response.body, name: "")
        let type = body?["__type"]?.string ?? response.header("x-amzn-ErrorType") ?? ""
        code = String(type.split(separator: "#").last?.split(separator: ":").first ?? "")
        let text = body?["message"]?.string ?? body?["Message"]?.string ?? ""
        message = credentials.redact(text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Whether the same request may succeed later.
    var isTransient: Bool {
        response.isTransient
            || ["ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"].contains(code)
    }

    func error(_ action: String, of subject: String) -> Failure {
        let what = [code.isEmpty ? "status \(response.status)" : code, message].filter { !$0.isEmpty }.joined(
            separator: ": ")
        let source = kind == .denied ? "; credentials from \(origin)" : ""
        return Failure(kind, subject, "\(action): \(what)\(source)")
    }

    private var kind: Failure.Kind {
        switch code {
        case _ where isTransient: .unavailable
        case "StateMachineDoesNotExist", "ExecutionDoesNotExist", "ResourceNotFound": .notFound
        case "ExecutionAlreadyExists": .conflict
        case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException",
            _ where isExpiry, "IncompleteSignatureException", "MissingAuthenticationTokenException",
            "InvalidClientTokenId", "SignatureDoesNotMatch", "OptInRequired", "NotAuthorized":
            .denied
        default: [401, 403].contains(response.status) ? .denied : .input
        }
    }
}
