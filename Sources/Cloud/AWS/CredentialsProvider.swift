import Platform

/// A source of credentials. It is asked again whenever credentials are renewed, and keeps none itself.
protocol CredentialsProvider: Sendable {
    /// Name in error messages.
    var name: String { get }
    /// nil where this provider is not set up, which is not an error.
    /// - Throws: `Failure` where it is set up, but does not provide credentials.
    func credentials() throws(Failure) -> AWSCredentials?
}

/// Credentials that the program has already.
extension AWSCredentials: CredentialsProvider {
    var name: String { origin }

    func credentials() throws(Failure) -> AWSCredentials? { self }
}
