import FoundationEssentials
import Platform
import Synchronization

/// Amazon S3 or a compatible service. Transient failures are retried according to `retries`; a read that broke off is
/// resumed at that offset.
///
/// Copies share connections, statistics and credentials.
public struct S3Client: ObjectStore {
    public var retries: RetryPolicy
    private let transport: any HTTPTransport
    private let configuration: AWSConfiguration
    private let endpoint: S3Endpoint
    let settings: S3Settings
    let state = SharedState()

    /// - Throws: `Failure` of kind `.input` for an endpoint that is not a URL.
    public init(
        _ configuration: AWSConfiguration, transport: any HTTPTransport, retries: RetryPolicy = RetryPolicy(),
        settings: S3Settings = S3Settings()
    ) throws(Failure) {
        self.configuration = configuration
        self.settings = settings
        self.transport = transport
        self.retries = retries
        endpoint = try S3Endpoint(configuration)
    }

    /// Configured by `environment` like AWS's own tools. Makes no connection and looks for no credentials yet.
    public static func fromEnvironment(
        _ environment: [String: String], transport: any HTTPTransport
    ) throws(Failure) -> S3Client {
        let settings = try S3Settings(environment)
        // Without credentials no region needs to be set: that of a public bucket is in the refusal of another region.
        let region = settings.isUnsigned ? "us-east-1" : nil
        return try S3Client(
            try AWSConfiguration(environment, transport: transport, region: region), transport: transport,
            retries: try RetryPolicy(environment), settings: settings)
    }

    public var statistics: StoreStatistics { state.statistics.withLock { $0 } }

    public func until(_ deadline: Double?) -> any ObjectStore {
        var client = self
        client.retries.deadline = deadline
        return client
    }

    public func name(bucket: String, key: String) -> String { S3Location(bucket: bucket, key: key).description.oneLine }

    public func delete(bucket: String, key: String) throws(Failure) {
        do {
            _ = try perform(S3Request(method: "DELETE", bucket: bucket, key: key))
        } catch {
            // Some servers report a missing object, which is not an error, unless the bucket is missing.
            guard error.kind == .notFound, try hasBucket(bucket) else { throw error }
        }
    }

    public func head(bucket: String, key: String) throws(Failure) -> ObjectInfo? {
        let request = S3Request(method: "HEAD", bucket: bucket, key: key)
        var answer = try settle(request)
        var reason: S3Failure?
        // The response to HEAD has no body with the reason: a GET of one byte has, and renews credentials.
        if case .failure(let failure) = answer, let status = failure.status, status != 404 {
            let question = S3Request(method: "GET", bucket: bucket, key: key, headers: [("Range", "bytes=0-0")])
            switch try attempt(question) {
            case .failure(let found) where found.isTransient: break
            case .failure(let found) where found.status != 416: reason = found
            default: answer = try settle(request)
            }
        }
        switch answer {
        case .success(let response):
            guard let size = response.header("Content-Length").flatMap({ Int($0) }), size >= 0 else {
                throw Failure(name(request), "the answer to HEAD has no length")
            }
            state.noteBucket(bucket)
            return ObjectInfo(key: key, size: size, etag: Self.unquoted(response.header("ETag")))
        case .failure(let failure) where failure.status == 404:
            guard try hasBucket(bucket) else {
                throw Failure(.notFound, "s3://\(bucket)", "there is no such bucket")
            }
            return nil
        case .failure(let failure):
            throw (reason ?? failure).error
        }
    }

    /// Whether the bucket exists; true where access is denied.
    private func hasBucket(_ bucket: String) throws(Failure) -> Bool {
        if state.hasSeen(bucket) { return true }
        switch try settle(S3Request(method: "HEAD", bucket: bucket, key: nil)) {
        case .success:
            state.noteBucket(bucket)
            return true
        case .failure(let failure):
            return failure.status != 404
        }
    }

    static func unquoted(_ etag: String?) -> String {
        var text = etag ?? ""
        if text.hasPrefix("W/") { text.removeFirst(2) }
        return text.filter { $0 != "\"" }
    }

    func name(_ request: S3Request) -> String {
        request.key.map { name(bucket: request.bucket, key: $0) } ?? "s3://\(request.bucket)"
    }
}

extension S3Client {
    /// A complete response of status 2xx, or the failure.
    typealias Answer = Result<HTTPResponse, S3Failure>

    /// Signs and sends once; again where the credentials have expired and others are found, and where the bucket is in another
    /// region.
    /// - Throws: `Failure` where nothing was sent: no credentials, no time left, invalid names.
    func attempt(_ request: S3Request) throws(Failure) -> Answer {
        guard !settings.isUnsigned else { return try attempt(request, nil) }
        return try configuration.credentials.send { credentials throws(Failure) in
            try attempt(request, credentials)
        } hasExpired: { answer in
            if case .failure(let failure) = answer { failure.isExpiry } else { false }
        }
    }

    /// In the region of the bucket, which is known after the first refusal in another one.
    private func attempt(_ request: S3Request, _ credentials: AWSCredentials?) throws(Failure) -> Answer {
        func address() throws(Failure) -> S3Endpoint.Address {
            try endpoint.address(
                bucket: request.bucket, key: request.key, query: request.query, region: state.region(of: request.bucket)
            )
        }
        let first = try address()
        let answer = try exchange(request, at: first, credentials)
        guard case .failure(let failure) = answer, S3Failure.isAboutRegion(failure.status),
            let home = endpoint.other(than: first, named: failure.home, for: request.bucket)
        else { return answer }
        state.note(region: home, of: request.bucket)
        return try exchange(request, at: address(), credentials)
    }

    private func exchange(
        _ request: S3Request, at address: S3Endpoint.Address, _ credentials: AWSCredentials?
    ) throws(Failure) -> Answer {
        let subject = name(request)
        let left = try retries.secondsLeft(subject)
        var sent = HTTPRequest(
            request.method, address.url, headers: request.headers + settings.headers, body: request.body,
            timeout: min(request.patience ?? request.mostSeconds, left ?? .infinity),
            mayStall: request.patience != nil)
        sent.receiver = request.receiver
        let before = request.receiver?.count ?? 0
        if let credentials {
            sent = try SigV4.sign(
                sent, service: "s3", region: address.region, credentials: credentials, date: retries.now())
        }
        let start = retries.now()
        let outcome = transport.exchange(sent)
        let end = retries.now()
        if outcome.response != nil { state.contact.noteAnswer() }
        let received = (request.receiver?.count ?? 0) - before
        let (read, written) = (received + (outcome.response?.body.count ?? 0), request.body?.count ?? 0)
        state.statistics.withLock { $0.add(start: start, end: end, read: read, written: written) }
        switch outcome {
        case .whole(let response) where (200..<300).contains(response.status): return .success(response)
        // An error status counts even if the response broke off: its body would only add details.
        case .broken(let partial, let error) where partial.map { $0.status < 300 } ?? true:
            return .failure(S3Failure(error, subject: subject, partial: partial))
        case .whole(let refusal), .broken(let refusal?, _):
            return .failure(
                S3Failure(
                    refusal, subject: subject, region: address.region, credentials: credentials, settings: settings))
        case .broken(nil, let error): return .failure(S3Failure(error, subject: subject, partial: nil))
        }
    }

    /// Sends until the request succeeds or fails permanently.
    func settle(_ request: S3Request) throws(Failure) -> Answer {
        var retries = Retries(retries)
        while true {
            let answer = try attempt(request)
            guard case .failure(let failure) = answer, failure.isTransient else { return answer }
            try retries.wait(after: failure.error, retryAfter: failure.retryAfter, isAnswered: state.contact.isAnswered)
        }
    }

    /// Sends until the request succeeds.
    /// - Parameter check: validates the response; if it throws `Failure.unavailable`, the request is retried.
    func perform<Result>(
        _ request: S3Request, _ check: (HTTPResponse) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var retries = Retries(retries)
        while true {
            switch try attempt(request) {
            case .success(let response):
                do throws(Failure) { return try check(response) } catch {
                    guard error.kind == .unavailable else { throw error }
                    try retries.wait(after: error)
                }
            case .failure(let failure):
                guard failure.isTransient else { throw failure.error }
                try retries.wait(
                    after: failure.error, retryAfter: failure.retryAfter, isAnswered: state.contact.isAnswered)
            }
        }
    }

    func perform(_ request: S3Request) throws(Failure) -> HTTPResponse {
        try perform(request) { response throws(Failure) in response }
    }

    /// State shared by the copies of a client.
    final class SharedState: Sendable {
        let statistics = Mutex(StoreStatistics())
        private let buckets = Mutex<Set<String>>([])
        /// Of buckets that are not in the region of the configuration.
        private let regions = Mutex<[String: String]>([:])
        let contact = ServiceContact()
        func noteBucket(_ name: String) { _ = buckets.withLock { $0.insert(name) } }
        func hasSeen(_ name: String) -> Bool { buckets.withLock { $0.contains(name) } }
        func note(region: String, of bucket: String) { regions.withLock { $0[bucket] = region } }
        func region(of bucket: String) -> String? { regions.withLock { $0[bucket] } }
    }
}
