/// Why an operation failed: the kind of failure, its subject, and one line with what was expected and what was found. The
/// only error type of all targets; callers distinguish failures by their kind.
public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// A file, an answer or a setting that cannot be used as it is.
        case input
        /// A command line that contradicts itself or its environment.
        case usage
        /// A file, bucket, key or resource that does not exist.
        case notFound
        /// Missing rights, or wrong, missing or expired credentials.
        case denied
        /// A precondition does not hold: an object or file already exists or has changed.
        case conflict
        /// The system, a device, a service or the network did not work, after all attempts.
        case unavailable
        /// A deadline has passed.
        case deadline
        /// A deadline has passed, and another attempt would get no further.
        case stalled
        case outOfMemory
        /// A full disk, quota or file size limit.
        case outOfSpace
        /// The reader of a pipe has closed it.
        case closedPipe
        /// The operation was stopped on request.
        case cancelled
        /// Parts of a run failed, and the others are done.
        case incomplete
        /// Whether work elsewhere has succeeded, has failed or continues cannot be found out.
        case unknown
    }

    public let kind: Kind
    /// A path, a URL without its query, or another name; empty where the message names it.
    public let subject: String
    /// One line, without credentials: the tensor, key, line or offset, what was expected and what was found.
    public let message: String

    public init(_ kind: Kind, _ subject: String, _ message: String) {
        (self.kind, self.subject, self.message) = (kind, subject, message)
    }

    public init(_ kind: Kind, _ message: String) { self.init(kind, "", message) }

    /// Of kind `.input`.
    public init(_ subject: String, _ message: String) { self.init(.input, subject, message) }

    /// Of kind `.input`.
    public init(_ message: String) { self.init(.input, "", message) }

    /// One line; control characters in names from a file are escaped.
    public var description: String { (subject.isEmpty ? message : "\(subject): \(message)").printable }

    /// The same failure with the subject `name`, which the caller was reading or writing.
    package func reading(_ name: String) -> Failure { subject == name ? self : Failure(kind, name, description) }
}
