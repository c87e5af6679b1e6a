import Cloud
import Platform
import Synchronization

/// Responds to requests from a list, in order, and records them. After the last one there is no response.
final class ScriptedTransport: HTTPTransport {
    private struct State {
        var answers: [Result<HTTPResponse, Failure>]
        var requests: [HTTPRequest] = []
    }

    private let state: Mutex<State>
    private let whenAsked: @Sendable (HTTPRequest) -> Void

    init(_ answers: [Result<HTTPResponse, Failure>], whenAsked: @escaping @Sendable (HTTPRequest) -> Void = { _ in }) {
        state = Mutex(State(answers: answers))
        self.whenAsked = whenAsked
    }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }
    /// `GET http://host/path`, one for each request.
    var lines: [String] { requests.map { "\($0.method) \($0.url)" } }

    func send(_ request: HTTPRequest) throws(Failure) -> HTTPResponse {
        whenAsked(request)
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        guard let answer else { throw Failure(.unavailable, "script", "connection refused") }
        return try answer.get()
    }
}

extension HTTPRequest {
    var text: String { String(decoding: body ?? [], as: UTF8.self) }
}
