import Platform

/// A request, as it goes over the wire: whoever signs it has done so.
public struct HTTPRequest: Sendable {
    public var method: String
    /// Scheme, host, path and query, percent-encoded.
    public var url: String
    public var headers: [(name: String, value: String)]
    /// nil where the method has none.
    public var body: [UInt8]?
    /// Seconds for the whole exchange; nil for no limit but those on connecting and on standing still.
    public var timeout: Double?
    /// Whether the server may keep silent for as long as it likes, as one does that answers when there is work.
    public var mayStandStill: Bool

    public init(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Double? = nil, mayStandStill: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.mayStandStill = mayStandStill
    }
}

/// Headers and queries hold signatures and tokens: none of them is shown.
extension HTTPRequest: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(method) \(WebAddress.withoutQuery(url))" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// An answer, whatever its status.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Whether the status says that the same request may well be answered later.
    var isPassing: Bool { [429, 500, 502, 503, 504].contains(status) }

    /// The first header of that name, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Bodies may hold credentials: metadata services answer with them.
extension HTTPResponse: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(status), \(body.count) bytes" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What came of an exchange.
public enum HTTPOutcome: Sendable {
    case whole(HTTPResponse)
    /// It broke off: with what came of the answer's body, where status and headers had come.
    case broken(HTTPResponse?, Failure)
}

/// One exchange over a connection: no retries, no redirects.
public protocol HTTPTransport: Sendable {
    /// Blocks until the whole answer is there. May be called from many threads at once; connections are reused.
    /// - Throws: `Failure.unavailable` where no whole answer came, `.input` where none ever can (a server without
    ///   a certificate to trust, a URL that is none); any status is an answer.
    func send(_ request: HTTPRequest) throws(Failure) -> HTTPResponse
    /// The same, but keeps what came of an answer that broke off.
    func exchange(_ request: HTTPRequest) -> HTTPOutcome
}

extension HTTPTransport {
    public func exchange(_ request: HTTPRequest) -> HTTPOutcome {
        do { return .whole(try send(request)) } catch { return .broken(nil, error) }
    }
}
