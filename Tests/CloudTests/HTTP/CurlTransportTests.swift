import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Exchanges over libcurl")
struct CurlTransportTests {
    private static let transport = CurlTransport(environment: [:])
    /// The stall limit for servers that send nothing more; others have enough time for a machine with other work.
    private static let impatient = CurlTransport(limits: .init(connect: 60, stall: 1), environment: [:])

    @Test("Method, path, query, headers and body are sent unchanged", arguments: ["PUT", "POST"])
    func request(method: String) throws {
        try LoopbackServer.run({ _, _ in [.answer(200, Array("hello".utf8), headers: ["X-Two": " a  b "])] }) {
            server in
            let body = (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
            let response = try Self.transport.send(
                HTTPRequest(
                    method, server.url + "/a/../%2Fb%20c//d?x=1&y=%2B", headers: [("X-One", "1")], body: body))
            #expect(response.status == 200)
            #expect(response.body == Array("hello".utf8))
            #expect(response.header("x-two") == "a  b")
            let request = try #require(server.requests.first)
            #expect(request.method == method)
            #expect(request.target == "/a/../%2Fb%20c//d?x=1&y=%2B")
            #expect(request.headers["x-one"] == "1")
            #expect(request.headers["content-type"] == "application/octet-stream")
            #expect(request.headers["expect"] == nil)
            #expect(request.headers["host"] == "127.0.0.1:\(server.port)")
            #expect(request.body == body)
        }
    }

    @Test("The length of an empty body is sent")
    func emptyBody() throws {
        try LoopbackServer.run({ _, _ in [.answer(200)] }) { server in
            _ = try Self.transport.send(HTTPRequest("PUT", server.url, body: []))
            #expect(server.requests.first?.headers["content-length"] == "0")
            #expect(server.requests.first?.target == "/")
        }
    }

    @Test("A long body waits for 100 Continue, which is not the response")
    func longBody() throws {
        try LoopbackServer.run({ _, _ in [.answer(201)] }) { server in
            let response = try Self.transport.send(
                HTTPRequest("PUT", server.url, body: [UInt8](repeating: 7, count: 9 << 20)))
            #expect(response.status == 201)
            #expect(server.requests.first?.headers["expect"] == "100-continue")
            #expect(server.requests.first?.body.count == 9 << 20)
        }
    }

    @Test("The response to HEAD has a length and no body")
    func head() throws {
        try LoopbackServer.run({ _, _ in
            [.answer(200, headers: ["Content-Length": "123"], bodyless: true)]
        }) { server in
            let response = try Self.transport.send(HTTPRequest("HEAD", server.url))
            #expect(response.header("Content-Length") == "123")
            #expect(response.body.isEmpty)
        }
    }

    @Test("A connection is reused for calls of any method")
    func reuse() throws {
        let transport = CurlTransport(environment: [:])
        try LoopbackServer.run({ request, _ in
            [.answer(200, Array(request.method.utf8), bodyless: request.method == "HEAD")]
        }) { server in
            for method in ["GET", "HEAD", "DELETE", "GET"] {
                let response = try transport.send(HTTPRequest(method, server.url))
                #expect(response.body == (method == "HEAD" ? [] : Array(method.utf8)))
            }
            _ = try transport.send(HTTPRequest("PUT", server.url, body: [1]))
            let last = try transport.send(HTTPRequest("GET", server.url))
            #expect(last.body == Array("GET".utf8))
            #expect(server.connectionCount == 1)
            #expect(server.requests.map(\.body.count) == [0, 0, 0, 0, 1, 0])
        }
    }

    @Test("Every status is a response, and redirects are not followed", arguments: [301, 404, 503])
    func statuses(status: Int) throws {
        try LoopbackServer.run({ _, _ in [.answer(status, headers: ["Location": "http://127.0.0.1:1/"])] }) { server in
            let response = try Self.transport.send(HTTPRequest("GET", server.url))
            #expect(response.status == status)
            #expect(server.requests.count == 1)
        }
    }

    @Test(
        "The received part of a response that broke off is kept",
        arguments: [LoopbackServer.Step.close, .reset, .stall])
    func brokenOff(end: LoopbackServer.Step) throws {
        let piece = Array("half".utf8)
        try LoopbackServer.run({ _, _ in
            [.answer(200, piece, headers: ["Content-Length": "8", "ETag": "\"e\""]), end]
        }) { server in
            // The header and four bytes arrive within a second, except on a machine with other work.
            let outcome = Self.impatient.exchange(HTTPRequest("GET", server.url + "/x?secret=1"))
            guard case .broken(let response, let error) = outcome else {
                Issue.record("the response counts as complete")
                return
            }
            #expect(error.kind == .unavailable)
            #expect(error.subject == "127.0.0.1:\(server.port)")
            // A reset may discard bytes in transit.
            if case .reset = end { return }
            #expect(response?.body == piece)
            #expect(response?.header("ETag") == "\"e\"")
        }
    }

    @Test("A server that sends nothing is an error after the time limit for stalling")
    func silence() throws {
        try LoopbackServer.run({ _, _ in [.stall] }) { server in
            #expect(throws: Failure.self) { try Self.impatient.send(HTTPRequest("GET", server.url)) }
            // A request that may stall has only its own time limit.
            let patient = HTTPRequest("GET", server.url, timeout: 0.05, mayStall: true)
            let error = #expect(throws: Failure.self) { try Self.impatient.send(patient) }
            #expect(error?.message.contains("0.05 s in all") == true)
        }
    }

    @Test("A server that sends too slowly is an error")
    func trickle() throws {
        let drops: [LoopbackServer.Step] = [.pause(0.1), .send([1])]
        try LoopbackServer.run({ _, _ in
            [.answer(200, headers: ["Content-Length": "1000000"])] + (0..<600).flatMap { _ in drops }
        }) { server in
            let outcome = Self.impatient.exchange(HTTPRequest("GET", server.url))
            guard case .broken(let response?, let error) = outcome else {
                Issue.record("the response counts as complete, or as missing")
                return
            }
            #expect(error.message.hasPrefix("no answer in time"))
            #expect(response.body.allSatisfy { $0 == 1 } && response.body.count < 600)
        }
    }

    @Test("The error for a port without a server states that there is no connection")
    func refused() throws {
        let server = try LoopbackServer { _, _ in [] }
        server.stop()
        let error = #expect(throws: Failure.self) { try Self.transport.send(HTTPRequest("GET", server.url)) }
        #expect(error?.description == "127.0.0.1:\(server.port): no connection: Connection refused")
    }

    @Test("A header with a line end is refused, not sent")
    func headerInjection() throws {
        try LoopbackServer.run({ _, _ in [.answer(200)] }) { server in
            let request = HTTPRequest("GET", server.url, headers: [("X-A", "1\r\nX-B: 2")])
            let error = #expect(throws: Failure.self) { try Self.transport.send(request) }
            #expect(error?.kind == .input)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("Many threads at once use one connection each")
    func threads() throws {
        try LoopbackServer.run({ request, _ in [.answer(200, Array(request.path.utf8))] }) { server in
            let transport = CurlTransport(environment: [:])
            let results = concurrently(8) { worker in
                (0..<20).allSatisfy { index in
                    let path = "/\(worker)/\(index)"
                    return (try? transport.send(HTTPRequest("GET", server.url + path)))?.body == Array(path.utf8)
                }
            }
            #expect(results == Array(repeating: true, count: 8))
            #expect(server.connectionCount <= 8)
        }
    }
}
