import FoundationEssentials
import Platform
import Synchronization

/// Amazon S3, or whatever speaks as it does. What fails for the moment is tried again by `retries`; a read that broke
/// off goes on where it broke.
///
/// Copies share connections, statistics and credentials.
public struct S3Client: ObjectStore {
    public var retries: RetryPolicy
    private let transport: any HTTPTransport
    private let configuration: AWSConfiguration
    private let endpoint: S3Endpoint
    private let state = SharedState()

    /// - Throws: `Failure` of kind `.input` for an endpoint that is no URL.
    public init(
        _ configuration: AWSConfiguration, transport: any HTTPTransport, retries: RetryPolicy = RetryPolicy()
    ) throws(Failure) {
        self.configuration = configuration
        self.transport = transport
        self.retries = retries
        endpoint = try S3Endpoint(configuration)
    }

    /// As AWS's own tools would be set up by `environment`. No connection is made yet, and no credentials looked for.
    public static func fromEnvironment(
        _ environment: [String: String], transport: any HTTPTransport
    ) throws(Failure) -> S3Client {
        try S3Client(try AWSConfiguration(environment, transport: transport), transport: transport)
    }

    public static func fromEnvironment() throws(Failure) -> S3Client {
        let environment = ProcessInfo.processInfo.environment
        return try fromEnvironment(environment, transport: CurlTransport(environment: environment))
    }

    public var statistics: StoreStatistics { state.statistics.withLock { $0 } }

    public func until(_ deadline: Double?) -> any ObjectStore {
        var client = self
        client.retries.deadline = deadline
        return client
    }

    public func name(bucket: String, key: String) -> String {
        S3Location(bucket: bucket, key: key).description.printable
    }

    public func delete(bucket: String, key: String) throws(Failure) {
        do {
            _ = try perform(S3Request("DELETE", bucket, key))
        } catch {
            // Some servers tell that there was no such object; without such a bucket there is an error.
            guard error.kind == .notFound, try hasBucket(bucket) else { throw error }
        }
    }

    public func head(bucket: String, key: String) throws(Failure) -> ObjectInfo? {
        let request = S3Request("HEAD", bucket, key)
        switch try settle(request) {
        case .success(let response):
            guard let size = response.header("Content-Length").flatMap({ Int($0) }), size >= 0 else {
                throw Failure(.input, name(request), "the answer to HEAD has no length")
            }
            state.noteBucket(bucket)
            return ObjectInfo(key: key, size: size, etag: Self.unquoted(response.header("ETag")))
        case .failure(let failure) where failure.status == 404:
            guard try hasBucket(bucket) else {
                throw Failure(.notFound, "s3://\(bucket)", "there is no such bucket")
            }
            return nil
        case .failure(let failure):
            throw try reason(of: failure, request)
        }
    }

    /// The answer to a HEAD has no body to say what is wrong: that to a GET of one byte has.
    private func reason(of failure: S3Failure, _ request: S3Request) throws(Failure) -> Failure {
        guard failure.status != nil else { return failure.error }
        let question = S3Request("GET", request.bucket, request.key, headers: [("Range", "bytes=0-0")])
        guard case .failure(let answer) = try attempt(question), !answer.isTransient else { return failure.error }
        return answer.error
    }

    /// Whether there is such a bucket, as far as one is told: without the right to look there is.
    private func hasBucket(_ bucket: String) throws(Failure) -> Bool {
        if state.hasSeen(bucket) { return true }
        switch try settle(S3Request("HEAD", bucket, nil)) {
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

/// A request before it has a URL and a signature.
struct S3Request {
    /// Seconds that one attempt may take: slower than 64 KiB a second, it had better begin anew.
    var mostSeconds: Double {
        let limits = headers.first { $0.name == "Range" }?.value.dropFirst("bytes=".count).split(separator: "-")
            .compactMap { Double($0) }
        let asked = limits.flatMap { $0.count == 2 ? $0[1] - $0[0] : nil } ?? (method == "GET" ? 200e6 : 0)
        return 60 + (asked + Double(body?.count ?? 0)) / 65_536
    }

    let method: String
    let bucket: String
    /// nil for the bucket itself.
    let key: String?
    var query: [(name: String, value: String?)] = []
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// Seconds that S3 may keep silent or send nothing but spaces, where it has work to do; nil where it has none.
    var patience: Double?

    init(
        _ method: String, _ bucket: String, _ key: String?, query: [(name: String, value: String?)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) {
        self.method = method
        self.bucket = bucket
        self.key = key
        self.query = query
        self.headers = headers
        self.body = body
    }
}

extension S3Client {
    enum Answer {
        /// Status 2xx, and whole.
        case success(HTTPResponse)
        case failure(S3Failure)
    }

    /// Signs and sends once.
    /// - Throws: `Failure` where nothing was sent: no credentials, no time left, names that cannot be.
    func attempt(_ request: S3Request) throws(Failure) -> Answer {
        let subject = name(request)
        let url = try endpoint.url(bucket: request.bucket, key: request.key, query: request.query)
        let credentials = try configuration.credentials.credentials()
        let left = try retries.secondsLeft(subject)
        let unsigned = HTTPRequest(
            request.method, url, headers: request.headers, body: request.body,
            timeout: min(request.patience ?? request.mostSeconds, left ?? .infinity),
            mayStandStill: request.patience != nil)
        let signed = try SigV4.sign(
            unsigned, service: "s3", region: configuration.region, credentials: credentials, date: retries.now())
        let start = retries.now()
        let outcome = transport.exchange(signed)
        let end = retries.now()
        func count(_ response: HTTPResponse?) {
            let (read, written) = (response?.body.count ?? 0, request.body?.count ?? 0)
            state.statistics.withLock { $0.add(start: start, end: end, read: read, written: written) }
        }
        switch outcome {
        case .whole(let response) where (200..<300).contains(response.status):
            count(response)
            return .success(response)
        // The status of an answer that broke off counts where it is a refusal: its body would only say more.
        case .broken(let refusal?, _) where refusal.status >= 300:
            count(refusal)
            return .failure(
                S3Failure(refusal, subject: subject, region: configuration.region, credentials: credentials))
        case .broken(let partial, let error):
            count(partial)
            return .failure(S3Failure(error, subject: subject, partial: partial))
        case .whole(let response):
            count(response)
            return .failure(
                S3Failure(response, subject: subject, region: configuration.region, credentials: credentials))
        }
    }

    /// Tries until an answer is good, or no other attempt would give one.
    func settle(_ request: S3Request) throws(Failure) -> Answer {
        var retries = Retries(retries)
        while true {
            let answer = try attempt(request)
            guard case .failure(let failure) = answer, failure.isTransient else { return answer }
            try retries.wait(after: failure.error, retryAfter: failure.retryAfter, isBusy: failure.isBusy)
        }
    }

    /// Tries until an answer is good.
    /// - Parameter check: looks at it; what it throws as `Failure.unavailable` is a reason to try again.
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
                try retries.wait(after: failure.error, retryAfter: failure.retryAfter, isBusy: failure.isBusy)
            }
        }
    }

    func perform(_ request: S3Request) throws(Failure) -> HTTPResponse {
        try perform(request) { response throws(Failure) in response }
    }

    /// What copies of a client have in common.
    final class SharedState: Sendable {
        let statistics = Mutex(StoreStatistics())
        private let buckets = Mutex<Set<String>>([])

        func noteBucket(_ name: String) { _ = buckets.withLock { $0.insert(name) } }
        func hasSeen(_ name: String) -> Bool { buckets.withLock { $0.contains(name) } }
    }
}
