/// What went wrong between us and a service: one line, which never holds a credential.
public struct CloudError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// A bucket, a key or a resource that is not there.
        case notFound
        /// Wrong, missing or expired credentials, or no right to do it.
        case denied
        /// Something that was expected of an object to be so is not: it exists, or has changed meanwhile.
        case conflict
        /// The request or its answer makes no sense, or a setting does not.
        case invalid
        /// The service or the way to it did not work, however often it was tried.
        case unavailable
        /// A deadline has come.
        case deadline
    }

    public let kind: Kind
    /// What was asked of, such as `s3://bucket/key` or a host, without a query.
    public let subject: String
    /// What was expected and what was found, in one line.
    public let message: String

    public init(_ kind: Kind, _ subject: String, _ message: String) {
        self.kind = kind
        self.subject = subject
        self.message = message
    }

    public var description: String { "\(subject): \(message)" }
}
