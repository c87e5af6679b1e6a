/// A string that is never shown: printing it prints a placeholder.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let value: String

    public var description: String { "(hidden)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// `text` with the secret replaced, wherever it occurs.
    func redact(_ text: String) -> String {
        guard !value.isEmpty else { return text }
        return text.split(separator: value, omittingEmptySubsequences: false).joined(separator: description)
    }
}

/// Credentials of requests. No part of them is shown, not even the id of the key.
public struct AWSCredentials: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    public let accessKey: Secret
    public let secretKey: Secret
    /// Of temporary credentials.
    public let sessionToken: Secret?
    /// Seconds since 1970; nil for credentials that do not expire.
    public let expiration: Double?
    /// The name of their source, for error messages.
    var origin = "the program"

    public init(accessKey: String, secretKey: String, sessionToken: String? = nil, expiration: Double? = nil) {
        self.accessKey = Secret(value: accessKey)
        self.secretKey = Secret(value: secretKey)
        self.sessionToken = sessionToken.map(Secret.init(value:))
        self.expiration = expiration
    }

    public var description: String { "AWS credentials (hidden)" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// `text` with all parts of the credentials replaced: services quote requests in their error messages.
    func redact(_ text: String) -> String {
        let shown = secretKey.redact(accessKey.redact(text))
        return sessionToken?.redact(shown) ?? shown
    }
}
