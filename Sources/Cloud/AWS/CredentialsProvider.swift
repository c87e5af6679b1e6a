import FoundationEssentials
import Platform
import Synchronization

/// A place where credentials may be.
protocol CredentialsProvider: Sendable {
    /// What errors call it.
    var name: String { get }
    /// nil where this place has none, which is no error.
    /// - Throws: `Failure` where it should have some, and does not give them.
    func credentials() throws(Failure) -> AWSCredentials?
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`: so a Lambda function has them, too.
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
            throw Failure(
                .input, name, "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: expected both")
        }
    }
}

/// The profile of the shared files.
struct ProfileCredentials: CredentialsProvider {
    let profile: AWSProfile
    var name: String { profile.subject }

    func credentials() throws(Failure) -> AWSCredentials? { try profile.credentials() }
}

/// Credentials wherever they are first found, kept until five minutes before they expire. May be asked from many
/// threads at once: one of them asks the provider, and the others wait for it.
public final class AWSCredentialsSource: Sendable, CustomReflectable {
    private let providers: [any CredentialsProvider]
    private let now: @Sendable () -> Double
    private let kept = Mutex<AWSCredentials?>(nil)
    /// Seconds before their end from which on new ones are asked for.
    private static let margin = 300.0

    init(
        _ providers: [any CredentialsProvider],
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) {
        self.providers = providers
        self.now = now
    }

    /// These and no others.
    public convenience init(_ credentials: AWSCredentials) {
        struct Fixed: CredentialsProvider {
            let name = "the program"
            let given: AWSCredentials

            func credentials() throws(Failure) -> AWSCredentials? { given }
        }
        self.init([Fixed(given: credentials)])
    }

    /// Shows nothing of where it looks, which is full of secrets.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// - Throws: `Failure.denied` where no place has any; what a place that should have some throws.
    public func credentials() throws(Failure) -> AWSCredentials {
        try kept.withLock { (kept: inout AWSCredentials?) throws(Failure) in
            let time = now()
            if let kept, Self.secondsLeft(kept, time) > Self.margin { return kept }
            do throws(Failure) {
                let found = try find()
                kept = found
                return found
            } catch {
                // What was asked for early may still be good.
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
        let places = providers.map(\.name).joined(separator: ", ")
        throw Failure(.denied, "AWS credentials", "none found; looked in \(places)")
    }
}
