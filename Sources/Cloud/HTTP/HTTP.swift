import Platform

/// A request as it is sent: already signed, if it is to be.
public struct HTTPRequest: Sendable {
    public var method: String
    /// Scheme, host, path and query, percent-encoded.
    public var url: String
    /// With `Range`, the body of a success other than 206, which may be a whole object, is not received.
    public var headers: [(name: String, value: String)]
    /// nil for a request without a body.
    public var body: [UInt8]?
    /// Seconds for the whole exchange; nil for no limits but those on connecting and stalling.
    public var timeout: Double?
    /// Whether the server may take any time to respond, as a queue does that responds when there is work.
    public var mayStall: Bool
    /// Takes the body of a response with the status 206, which is then empty in the response. A transport may leave it
    /// aside.
    public var receiver: (any ByteReceiver)?

    public init(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Double? = nil, mayStall: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.mayStall = mayStall
    }
}

/// Headers and queries contain signatures and tokens: neither is shown.
extension HTTPRequest: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(method) \(WebAddress.withoutQuery(url))" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A response of any status.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)] = []
    public var body: [UInt8] = []

    /// Whether the same request may succeed later.
    var isTransient: Bool { [429, 500, 502, 503, 504].contains(status) }

    /// The first header of that name, in upper or lower case.
    public func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}

/// Bodies are not shown: those of metadata services contain credentials.
extension HTTPResponse: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(status), \(body.count) bytes" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The result of an exchange.
public enum HTTPOutcome: Sendable {
    case whole(HTTPResponse)
    /// It broke off: the response with the received part of its body, if status and headers were received.
    case broken(HTTPResponse?, Failure)

    /// What was received.
    var response: HTTPResponse? {
        switch self {
        case .whole(let response): response
        case .broken(let response, _): response
        }
    }
}

/// One exchange over a connection: no retries, no redirects.
public protocol HTTPTransport: Sendable {
    /// Blocks until the whole response is received. May be called from many threads at once; connections are reused.
    /// - Throws: `Failure.unavailable` where no whole response was received, `.input` where that is impossible (a server
    ///   without a trusted certificate, an invalid URL). A response of any status is not an error.
    func send(_ request: HTTPRequest) throws(Failure) -> HTTPResponse
    /// The same, but also returns the received part of a response that broke off.
    func exchange(_ request: HTTPRequest) -> HTTPOutcome
}

extension HTTPTransport {
    public func exchange(_ request: HTTPRequest) -> HTTPOutcome {
        do { return .whole(try send(request)) } catch { return .broken(nil, error) }
    }
}
