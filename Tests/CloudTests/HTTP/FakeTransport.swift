import Synchronization

@testable import Cloud
@testable import Platform

/// Responds by a function, and records the requests.
final class FakeTransport: HTTPTransport {
    private let answer: @Sendable (HTTPRequest) -> HTTPResponse?
    private let kept = Mutex<[HTTPRequest]>([])

    /// - Parameter answer: nil for no response.
    init(_ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse?) { self.answer = answer }

    var requests: [HTTPRequest] { kept.withLock { $0 } }

    func send(_ request: HTTPRequest) throws(Failure) -> HTTPResponse {
        kept.withLock { $0.append(request) }
        guard let response = answer(request) else { throw Failure(.unavailable, "fake", "no response") }
        return response
    }
}

extension HTTPRequest {
    /// The first header of that name, in upper or lower case.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
