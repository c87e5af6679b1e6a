import FoundationEssentials
import Platform
import Synchronization

/// Credentials of the first provider that has some. They are renewed five minutes before they expire, and when a service
/// refuses them as expired; then all providers are asked again. Thread-safe: one thread asks while the others wait.
public final class AWSCredentialsSource: Sendable, CustomReflectable {
    private struct State {
        var kept: AWSCredentials?
        /// Seconds since 1970 from which on the providers are asked again.
        var renewal = -Double.infinity
    }

    private let providers: [any CredentialsProvider]
    private let now: @Sendable () -> Double
    private let state = Mutex(State())
    /// Seconds before expiration at which new credentials are requested.
    private static let margin = 300.0
    /// Seconds between two requests for new credentials while the present ones are valid.
    private static let pause = 60.0

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

    /// - Throws: `Failure` of kind `.input` where no provider has any, and where one is set up and fails; `.unavailable` where
    ///   its service does not respond.
    public func credentials() throws(Failure) -> AWSCredentials {
        try state.withLock { (state: inout State) throws(Failure) in
            let time = now()
            let valid = state.kept.flatMap { $0.expiration ?? .infinity > time ? $0 : nil }
            if let valid, time < state.renewal { return valid }
            do throws(Failure) {
                return try renew(&state)
            } catch {
                guard let valid else { throw error }
                state.renewal = time + Self.pause
                return valid
            }
        }
    }

    /// Makes a request with the present credentials, and once more with new ones if the service refused them as expired.
    /// - Parameters:
    ///   - request: signs and sends.
    ///   - hasExpired: whether an answer is such a refusal.
    /// - Returns: the last answer; such a refusal where the providers have no other credentials than the refused ones.
    /// - Throws: as `credentials()` and `request` do, and where the refused credentials cannot be renewed.
    func send<Reply>(
        _ request: (AWSCredentials) throws(Failure) -> Reply, hasExpired: (Reply) -> Bool
    ) throws(Failure) -> Reply {
        let present = try credentials()
        let answer = try request(present)
        guard hasExpired(answer), let renewed = try replacement(of: present) else { return answer }
        return try request(renewed)
    }

    /// nil where the providers have only the same. Threads that were refused together share one renewal.
    private func replacement(of refused: AWSCredentials) throws(Failure) -> AWSCredentials? {
        try state.withLock { (state: inout State) throws(Failure) in
            if let kept = state.kept, kept != refused { return kept }
            do throws(Failure) {
                let found = try renew(&state)
                return found == refused ? nil : found
            } catch {
                throw Failure(
                    error.kind, "AWS credentials",
                    "those from \(refused.origin) have expired, and cannot be renewed: \(error)")
            }
        }
    }

    private func renew(_ state: inout State) throws(Failure) -> AWSCredentials {
        let found = try find()
        state.kept = found
        state.renewal = max((found.expiration ?? .infinity) - Self.margin, now() + Self.pause)
        return found
    }

    private func find() throws(Failure) -> AWSCredentials {
        for provider in providers {
            do throws(Failure) {
                guard var found = try provider.credentials() else { continue }
                found.origin = provider.name
                return found
            } catch {
                // Callers take .notFound for a missing object, and .denied for an object that they may write, but not read.
                throw error.kind == .unavailable ? error : Failure(error.subject, error.message)
            }
        }
        let names = providers.map(\.name).joined(separator: ", ")
        throw Failure(
            "AWS credentials", "none found; looked in \(names); public objects need AWS_NO_SIGN_REQUEST=YES instead")
    }
}
