import FoundationEssentials
import Platform
import Synchronization

/// A source of credentials.
protocol CredentialsProvider: Sendable {
    /// Name in error messages.
    var name: String { get }
    /// nil where this provider is not set up, which is no error.
    /// - Throws: `Failure` where it is set up, but does not provide credentials.
    func credentials() throws(Failure) -> AWSCredentials?
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, also those of a Lambda function.
struct EnvironmentCredentials: CredentialsProvider {
    let environment: [String: String]
    var name: String { "the environment" }

    func credentials() throws(Failure) -> AWSCredentials? {
        func set(_ variable: String) -> String? {
            environment[variable].map { $0.trimmingSpaces }.flatMap { $0.isEmpty ? nil : $0 }
        }
        switch (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
        case (let access?, let secret?):
            return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: set("AWS_SESSION_TOKEN"))
        case (nil, nil): return nil
        default:
            throw Failure(name, "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: expected both")
        }
    }
}

/// Credentials that the program has already.
extension AWSCredentials: CredentialsProvider {
    var name: String { "the program" }

    func credentials() throws(Failure) -> AWSCredentials? { self }
}

/// Credentials of the first provider that has some, kept until five minutes before they expire. Thread-safe: one thread
/// asks the provider while the others wait.
public final class AWSCredentialsSource: Sendable, CustomReflectable {
    private let providers: [any CredentialsProvider]
    private let now: @Sendable () -> Double
    private let kept = Mutex<AWSCredentials?>(nil)
    /// Seconds before expiration at which new credentials are requested.
    private static let margin = 300.0

    init(
        _ providers: [any CredentialsProvider],
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) {
        self.providers = providers
        self.now = now
    }

    /// Only these credentials.
    public convenience init(_ credentials: AWSCredentials) { self.init([credentials]) }

    /// Hides the providers, which contain secrets.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// - Throws: `Failure.denied` where no provider has any; errors of a provider that is set up.
    public func credentials() throws(Failure) -> AWSCredentials {
        try kept.withLock { (kept: inout AWSCredentials?) throws(Failure) in
            let time = now()
            if let kept, Self.secondsLeft(kept, time) > Self.margin { return kept }
            do throws(Failure) {
                let found = try find()
                kept = found
                return found
            } catch {
                // The present ones may still be valid.
                if let kept, Self.secondsLeft(kept, time) > 0 { return kept }
                throw error
            }
        }
    }

    private static func secondsLeft(_ credentials: AWSCredentials, _ time: Double) -> Double {
        credentials.expiration.map { $0 - time } ?? .infinity
    }

    private func find() throws(Failure) -> AWSCredentials {
        for provider in providers {
            if let found = try provider.credentials() { return found }
        }
        let names = providers.map(\.name).joined(separator: ", ")
        throw Failure(.denied, "AWS credentials", "none found; looked in \(names)")
    }
}
