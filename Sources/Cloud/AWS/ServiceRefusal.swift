import Platform

/// An error response of an AWS JSON service.
struct ServiceRefusal {
    private let response: HTTPResponse
    /// Name of the error, without the namespace; may be empty.
    private let code: String
    private let message: String

    /// - Parameter credentials: removed from the message, since services quote requests with an invalid signature.
    init(_ response: HTTPResponse, hiding credentials: AWSCredentials) {
        self.response = response
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
        return Failure(kind, subject, "\(action): \(what)")
    }

    private var kind: Failure.Kind {
        switch code {
        case _ where isTransient: .unavailable
        case "StateMachineDoesNotExist", "ExecutionDoesNotExist", "ResourceNotFound": .notFound
        case "ExecutionAlreadyExists": .conflict
        case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException",
            "ExpiredTokenException", "IncompleteSignatureException", "MissingAuthenticationTokenException",
            "InvalidClientTokenId", "SignatureDoesNotMatch", "OptInRequired", "NotAuthorized":
            .denied
        default: [401, 403].contains(response.status) ? .denied : .input
        }
    }
}
