import FoundationEssentials
import Platform

/// Calls of one AWS service: signed, repeated while the service is busy or unreachable, with expired credentials renewed.
/// All calls have to be idempotent.
struct ServiceClient: Sendable {
    /// Scheme and host, without a trailing slash.
    let endpoint: String
    private let name: String
    private let configuration: AWSConfiguration
    private let transport: any HTTPTransport
    let retries: RetryPolicy
    private var isOnce = false
    let contact = ServiceContact()

    /// - Throws: `Failure` of kind `.input` where the settings of endpoints are invalid.
    init(
        _ service: AWSService, _ configuration: AWSConfiguration, transport: any HTTPTransport, retries: RetryPolicy
    ) throws(Failure) {
        (name, self.configuration, self.transport, self.retries) = (service.host, configuration, transport, retries)
        endpoint = try configuration.url(of: service)
    }

    /// The same service, of which each call is attempted once.
    var once: ServiceClient {
        var service = self
        service.isOnce = true
        return service
    }

    /// - Throws: `Failure` where there are no credentials: then no call can reach the service.
    func requireCredentials() throws(Failure) { _ = try configuration.credentials.credentials() }

    /// A call in AWS's JSON protocol: a POST that a header names.
    /// - Parameters:
    ///   - target: the service's name in the header, with the version of its API if it has one.
    ///   - version: of the protocol.
    ///   - subject: of errors, such as an ARN.
    func call<Output: Decodable>(
        _ action: String, target: String, version: String = "1.0", _ input: some Encodable, of subject: String
    ) throws(Failure) -> Output {
        let headers = [("Content-Type", "application/x-amz-json-\(version)"), ("X-Amz-Target", "\(target).\(action)")]
        let request = HTTPRequest(
            "POST", endpoint + "/", headers: headers, body: try JSONFile.encoded(input), timeout: 60)
        return try answer(to: request, action, of: subject)
    }

    /// The answer to a request, which is JSON.
    func answer<Output: Decodable>(
        to request: HTTPRequest, _ action: String, of subject: String
    ) throws(Failure) -> Output {
        let response = try send(request, action, of: subject)
        do {
            return try JSONDecoder().decode(Output.self, from: Data(response.body))
        } catch {
            // What was asked for may be done.
            throw Failure(
                .unknown, subject,
                "\(action): expected the answer's fields, found \(response.body.count) bytes without them")
        }
    }

    private func send(_ request: HTTPRequest, _ action: String, of subject: String) throws(Failure) -> HTTPResponse {
        var attempts = Retries(retries)
        while true {
            let answer = try configuration.credentials.send { credentials throws(Failure) in
                try attempt(request, credentials, action, of: subject)
            } hasExpired: { answer in
                if case .failure(let refused) = answer { refused.isExpiry } else { false }
            }
            switch answer {
            case .success(let response): return response
            case .failure(let refused):
                guard refused.error.kind == .unavailable, !isOnce else { throw refused.error }
                try attempts.wait(after: refused.error, isAnswered: contact.isAnswered)
            }
        }
    }

    private struct Refused: Error {
        let error: Failure
        /// Whether the service refused the credentials as expired.
        var isExpiry = false
    }

    /// Signs and sends once.
    private func attempt(
        _ request: HTTPRequest, _ credentials: AWSCredentials, _ action: String, of subject: String
    ) throws(Failure) -> Result<HTTPResponse, Refused> {
        let signed = try SigV4.sign(
            request, service: name, region: configuration.region, credentials: credentials, date: retries.now())
        do throws(Failure) {
            let response = try transport.send(signed)
            contact.noteAnswer()
            guard !(200..<300).contains(response.status) else { return .success(response) }
            let refusal = ServiceRefusal(response, hiding: credentials)
            return .failure(Refused(error: refusal.error(action, of: subject), isExpiry: refusal.isExpiry))
        } catch {
            return .failure(Refused(error: error))
        }
    }
}
