import Synchronization
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

/// Keeps all that it takes.
private final class Kept: ByteReceiver {
    private let state = Mutex((bytes: [UInt8](), throttlings: 0))
    private let most: Int

    init(most: Int) { self.most = most }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var count: Int { bytes.count }
    var throttlings: Int { state.withLock { $0.throttlings } }

    func take(_ bytes: RawSpan) -> Bool {
        let piece = bytes.withUnsafeBytes { Array($0) }
        return state.withLock { state in
            guard state.bytes.count + piece.count <= most else { return false }
            state.bytes += piece
            return true
        }
    }

    func noteThrottling() { state.withLock { $0.throttlings += 1 } }
}

@Suite("Ranges of S3 that are received while they arrive")
struct S3ReceiverTests {
    private static let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    private static let range = 1000..<150_000

    private func get(
        _ server: LoopbackServer, into kept: Kept, waits: Waits = Waits()
    ) throws -> StoreStatistics {
        let client = try S3Scripted.client(server, waits: waits)
        try client.get(bucket: "b", key: "k", range: Self.range, etag: "tag", into: kept)
        return client.statistics
    }

    @Test(
        "What was received before an interruption is kept, and the rest requested",
        arguments: [LoopbackServer.Step.close, .reset])
    func resumed(fault: LoopbackServer.Step) throws {
        try LoopbackServer.run({ request, index in
            let (status, body, headers) = S3Scripted.content(Self.bytes, request)
            guard index < 3 else { return [.answer(status, body, headers: headers)] }
            let length = headers.merging(["Content-Length": String(body.count)]) { $1 }
            return [.answer(status, Array(body[..<30_000]), headers: length), fault]
        }) { server in
            let kept = Kept(most: Self.range.count)
            let statistics = try get(server, into: kept)
            #expect(kept.bytes == Array(Self.bytes[Self.range]))
            #expect(kept.throttlings == 0)
            #expect(statistics.bytesRead == Self.range.count)
            #expect(server.requests.map { $0.headers["if-match"] } == [String](repeating: "\"tag\"", count: 4))
            if case .reset = fault { return }
            #expect(server.requests.last?.headers["range"] == "bytes=91000-149999")
        }
    }

    @Test("Refusals for too many requests are reported, and their bodies are not received", arguments: [429, 503])
    func throttled(status: Int) throws {
        try LoopbackServer.run({ request, index in
            guard index >= 3 else { return [S3Scripted.error(status, "SlowDown")] }
            let (status, body, headers) = S3Scripted.content(Self.bytes, request)
            return [.answer(status, body, headers: headers)]
        }) { server in
            let (kept, waits) = (Kept(most: Self.range.count), Waits())
            _ = try get(server, into: kept, waits: waits)
            #expect(kept.bytes == Array(Self.bytes[Self.range]))
            #expect(kept.throttlings == 3)
            #expect(waits.seconds == [0.1, 0.2, 0.4])
        }
    }

    @Test("Other failures are no reason for fewer requests", arguments: [500, 502])
    func otherFailures(status: Int) throws {
        try LoopbackServer.run({ request, index in
            guard index >= 1 else { return [S3Scripted.error(status, "InternalError")] }
            let (status, body, headers) = S3Scripted.content(Self.bytes, request)
            return [.answer(status, body, headers: headers)]
        }) { server in
            let kept = Kept(most: Self.range.count)
            _ = try get(server, into: kept)
            #expect(kept.throttlings == 0)
        }
    }

    @Test("More bytes than were asked for, another range, another ETag and no range are errors", arguments: 0..<4)
    func wrong(answer: Int) throws {
        try LoopbackServer.run({ request, _ in
            let (status, body, headers) = S3Scripted.content(Self.bytes, request)
            return switch answer {
            case 0: [.answer(status, body + [0], headers: headers)]
            case 1: [.answer(status, body, headers: headers.merging(["Content-Range": "bytes 0-148999/200000"]) { $1 })]
            case 2: [.answer(status, body, headers: headers.merging(["ETag": "\"other\""]) { $1 })]
            default: [.answer(200, Self.bytes, headers: headers)]
            }
        }) { server in
            let error = #expect(throws: Failure.self) { try get(server, into: Kept(most: Self.range.count)) }
            #expect(error?.kind == (answer == 2 ? .conflict : .input))
            #expect(server.requests.count == 1)
        }
    }

    @Test("The whole object is not received from a server that ignores ranges", arguments: [true, false])
    func rangeIgnored(isReceived: Bool) throws {
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        try LoopbackServer.run({ _, _ in
            let head = "HTTP/1.1 200 OK\r\nETag: \"tag\"\r\nContent-Length: \(1 << 40)\r\n\r\n"
            // More than the buffers of sockets take.
            return [.send(Array(head.utf8))] + [LoopbackServer.Step](repeating: .send(piece), count: 64) + [.close]
        }) { server in
            let client = try S3Scripted.client(server)
            let error = #expect(throws: Failure.self) {
                if isReceived {
                    try client.get(
                        bucket: "b", key: "k", range: Self.range, etag: "tag", into: Kept(most: Self.range.count))
                } else {
                    _ = try client.get(bucket: "b", key: "k", range: Self.range, etag: "tag")
                }
            }
            #expect(error?.message == "asked for a range, and answered with status 200 and no range")
            #expect(error?.kind == .input)
            #expect(client.statistics.bytesRead == 0)
            #expect(server.requests.count == 1)
        }
    }
}
