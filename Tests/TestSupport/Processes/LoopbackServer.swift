import Foundation
import Platform
import Synchronization

/// An HTTP server on a free port with scripted responses, faults included. Runs until `stop`.
public final class LoopbackServer: @unchecked Sendable {
    // Sendable although the class of the thread group is not marked so: it is thread-safe.
    public struct Request: Sendable {
        public let method: String
        /// Path and query as received.
        public let target: String
        /// Names in lower case.
        public let headers: [String: String]
        public let body: [UInt8]

        public var path: String { String(target.prefix { $0 != "?" }) }
        public var query: String { String(target.drop { $0 != "?" }.dropFirst()) }
    }

    public enum Step: Sendable {
        case send([UInt8])
        /// Sends nothing for that many seconds.
        case pause(Double)
        /// Sends nothing more until the client disconnects.
        case stall
        /// Closes the connection.
        case reset
        case close

        /// A complete response. Its length is that of the body, unless `headers` has another.
        public static func answer(
            _ status: Int, _ body: [UInt8] = [], headers: [String: String] = [:], bodyless: Bool = false
        ) -> Step {
            var all = headers
            if all["Content-Length"] == nil { all["Content-Length"] = String(body.count) }
            let lines = all.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
            return .send(Array("HTTP/1.1 \(status) Scripted\r\n\(lines)\r\n".utf8) + (bodyless ? [] : body))
        }
    }

    public typealias Script = @Sendable (_ request: Request, _ index: Int) -> [Step]

    public let port: Int
    private let listener: Int32
    private let script: Script
    private let threads = DispatchGroup()
    private let state = Mutex<State>(State())

    private struct State {
        var requests: [Request] = []
        var connections: Set<Int32> = []
        var connectionCount = 0
        var isStopped = false
    }

    public struct Failure: Error { public let what: String }

    /// - Parameter script: the response to each request, by its number.
    public init(_ script: @escaping Script) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0 else { throw Failure(what: "no socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard status else {
            close(listener)
            throw Failure(what: "no port")
        }
        self.listener = listener
        self.script = script
        port = Int(UInt16(bigEndian: address.sin_port))
        start { [self] in accept() }
    }

    public var url: String { "http://127.0.0.1:\(port)" }
    /// The requests so far.
    public var requests: [Request] { state.withLock { $0.requests } }
    /// The number of connections so far.
    public var connectionCount: Int { state.withLock { $0.connectionCount } }

    /// Runs `body` with a server that responds according to `script`.
    public static func run<R>(_ script: @escaping Script, _ body: (LoopbackServer) throws -> R) throws -> R {
        let server = try LoopbackServer(script)
        defer { server.stop() }
        return try body(server)
    }

    /// Closes all connections and waits for all threads.
    public func stop() {
        state.withLock { state in
            state.isStopped = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        let haveEnded = threads.wait(timeout: .now() + 300) == .success
        precondition(haveEnded, "a server's script has not ended after 300 s: \(requests.map(\.target))")
        close(listener)
    }

    private func start(_ body: @escaping @Sendable () -> Void) {
        threads.enter()
        let threads = threads
        Thread.detachNewThread {
            body()
            threads.leave()
        }
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else { return }
            let isStopped = state.withLock { state in
                state.connections.insert(connection)
                state.connectionCount += 1
                return state.isStopped
            }
            guard !isStopped else {
                close(connection)
                return
            }
            start { [self] in
                serve(connection)
                // Removed from the list first: the descriptor may be reused at once.
                state.withLock { _ = $0.connections.remove(connection) }
                close(connection)
            }
        }
    }

    private func serve(_ connection: Int32) {
        var reader = RequestReader(connection)
        while let request = reader.next() {
            let index = state.withLock { state in
                state.requests.append(request)
                return state.requests.count - 1
            }
            for step in script(request, index) {
                switch step {
                case .send(let bytes): guard RequestReader.send(bytes, to: connection) else { return }
                case .pause(let seconds): Thread.sleep(forTimeInterval: seconds)
                case .stall:
                    while reader.fill() {}
                    return
                case .reset:
                    var linger = linger(l_onoff: 1, l_linger: 0)
                    setsockopt(
                        connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                    return
                case .close: return
                }
            }
        }
    }
}

/// Reads requests from a connection.
private struct RequestReader {
    private let connection: Int32
    private var buffer: [UInt8] = []

    init(_ connection: Int32) { self.connection = connection }

    /// nil when the client has disconnected.
    mutating func next() -> LoopbackServer.Request? {
        let end = Array("\r\n\r\n".utf8)
        var headEnd: Int?
        while headEnd == nil {
            headEnd = buffer.indices.first { buffer[$0...].starts(with: end) }
            if headEnd == nil, !fill() { return nil }
        }
        guard let headEnd else { return nil }
        let lines = String(decoding: buffer[..<headEnd], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].components(separatedBy: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        buffer.removeFirst(headEnd + 4)
        if headers["expect"] != nil { _ = Self.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), to: connection) }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffer.count < length { guard fill() else { return nil } }
        let body = Array(buffer[..<length])
        buffer.removeFirst(length)
        guard words.count == 3 else { return nil }
        return LoopbackServer.Request(method: words[0], target: words[1], headers: headers, body: body)
    }

    /// Reads more bytes; false when the client has disconnected.
    mutating func fill() -> Bool {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(connection, &piece, piece.count, 0)
        guard count > 0 else { return false }
        buffer.append(contentsOf: piece[..<count])
        return true
    }

    static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}
