import FoundationEssentials

/// An AWS JSON service's answer that is not the one asked for.
struct ServiceRefusal {
    private let status: Int
    /// Its name for the error, without the namespace; empty where there is none.
    private let code: String
    private let message: String

    /// - Parameter request: as it was signed: services quote it where they find the signature wrong, token and all, and
    ///   nothing of that is to be shown.
    init(_ response: HTTPResponse, to request: HTTPRequest) {
        struct Body: Decodable {
            let type: String?
            let message: String?
            let capitalMessage: String?

            enum CodingKeys: String, CodingKey {
                case type = "__type"
                case message
                case capitalMessage = "Message"
            }
        }
        status = response.status
        let body = try? JSONDecoder().decode(Body.self, from: Data(response.body))
        let type = body?.type ?? response.header("x-amzn-ErrorType") ?? ""
        code = String(type.split(separator: "#").last?.split(separator: ":").first ?? "")
        let text = body?.message ?? body?.capitalMessage ?? ""
        message = Self.secrets(of: request).reduce(text) { text, secret in
            text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "(hidden)")
        }.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Whether the same request may well be answered later.
    var isPassing: Bool {
        status == 429 || [500, 502, 503, 504].contains(status)
            || ["ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"].contains(code)
    }

    func error(_ action: String, of subject: String) -> CloudError {
        let what = [code.isEmpty ? "status \(status)" : code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        return CloudError(kind, subject, "\(action): \(what)")
    }

    /// The session token, the access key's id and the signature.
    private static func secrets(of request: HTTPRequest) -> [String] {
        request.headers.flatMap { header -> [String] in
            switch header.name.lowercased() {
            case "x-amz-security-token": [header.value]
            case "authorization":
                header.value.split { $0 == " " || $0 == "," || $0 == "/" || $0 == "=" }.map(String.init)
                    .filter { $0.utf8.count >= 16 && $0 != "AWS4-HMAC-SHA256" && !$0.contains(";") }
            default: []
            }
        }.filter { !$0.isEmpty }
    }

    private var kind: CloudError.Kind {
        switch code {
        case _ where isPassing: .unavailable
        case "StateMachineDoesNotExist", "ExecutionDoesNotExist", "ResourceNotFound": .notFound
        case "ExecutionAlreadyExists": .conflict
        case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException",
            "ExpiredTokenException", "IncompleteSignatureException", "MissingAuthenticationTokenException",
            "InvalidClientTokenId", "SignatureDoesNotMatch", "OptInRequired", "NotAuthorized":
            .denied
        default: status == 401 || status == 403 ? .denied : .invalid
        }
    }
}
