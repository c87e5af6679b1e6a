import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("S3 with faults")
struct S3FaultTests {
    private static let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

    @Test("Repeated refusals are retried, with delays that double up to a limit", arguments: [429, 500, 502, 503, 504])
    func storm(status: Int) throws {
        let waits = Waits()
        try LoopbackServer.run({ request, index in
            guard index >= 7 else { return [S3Scripted.error(status, "SlowDown")] }
            return [.answer(200, Self.bytes)]
        }) { server in
            let client = try S3Scripted.client(server, waits: waits)
            #expect(try client.get(bucket: "b", key: "k") == Self.bytes)
            #expect(waits.seconds == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4])
            #expect(client.statistics.requests == 8)
            #expect(client.statistics.bytesRead >= Self.bytes.count)
        }
    }

    @Test(
        "Endless refusals are an error of one line, after minutes of delays",
        arguments: [(500, "InternalError"), (503, "SlowDown")])
    func endlessStorm(status: Int, code: String) throws {
        try LoopbackServer.run({ _, _ in [S3Scripted.error(status, code)] }) { server in
            let waits = Waits()
            let client = try S3Scripted.client(server, waits: waits)
            let error = #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", [1]) }
            #expect(error?.kind == .unavailable)
            let waited = waits.seconds.reduce(0, +)
            #expect(180...190 ~= waited)
            #expect(
                error?.description
                    == "s3://b/k: S3 is not available (\(code), \(status)) (after 25 attempts)")
            #expect(server.requests.count == 25)
        }
    }

    @Test("Other refusals are not retried", arguments: [400, 403, 404, 409, 412, 501])
    func refusals(status: Int) throws {
        try LoopbackServer.run({ _, _ in [.answer(status)] }) { server in
            let client = try S3Scripted.client(server)
            #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", [1]) }
            #expect(server.requests.count == 1)
        }
    }

    @Test("Retry-After is respected up to a limit", arguments: [(3, 3.0), (4000, 20.0)])
    func retryAfter(asked: Int, waited: Double) throws {
        let waits = Waits()
        try LoopbackServer.run({ _, index in
            [index == 0 ? .answer(503, headers: ["Retry-After": String(asked)]) : .answer(200)]
        }) { server in
            try S3Scripted.client(server, waits: waits).put(bucket: "b", key: "k", [1])
            #expect(waits.seconds == [waited])
        }
    }

    @Test(
        "An interrupted read is resumed at its offset with the same ETag",
        arguments: [LoopbackServer.Step.close, .reset, .stall], [nil, 1000..<150_000] as [Range<Int>?])
    func resumed(fault: LoopbackServer.Step, range: Range<Int>?) throws {
        // Each stall takes seconds.
        let isStall = if case .stall = fault { true } else { false }
        let count = isStall ? 1 : 3
        try LoopbackServer.run({ request, index in
            let (status, body, headers) = S3Scripted.content(Self.bytes, request)
            guard index < count else { return [.answer(status, body, headers: headers)] }
            let length = headers.merging(["Content-Length": String(body.count)]) { $1 }
            return [.answer(status, Array(body[..<30_000]), headers: length), fault]
        }) { server in
            let client = try S3Scripted.client(server, stall: isStall ? 1 : 300)
            let expected = range.map { Array(Self.bytes[$0]) } ?? Self.bytes
            #expect(try client.get(bucket: "b", key: "k", range: range, etag: nil) == expected)
            let requests = server.requests
            #expect(requests.count == count + 1)
            #expect(requests[0].headers["range"] == range.map { "bytes=\($0.lowerBound)-\($0.upperBound - 1)" })
            // A reset may discard bytes in transit, so that only some were received.
            if case .reset = fault { return }
            let start = (range?.lowerBound ?? 0) + count * 30_000
            #expect(
                requests[count].headers["range"] == "bytes=\(start)-" + (range.map { "\($0.upperBound - 1)" } ?? ""))
            #expect(requests[count].headers["if-match"] == "\"tag\"")
        }
    }

    @Test("An object that changes while it is read in pieces is an error")
    func changed() throws {
        try LoopbackServer.run({ request, index in
            guard index > 0 else {
                return [.answer(200, [1, 2], headers: ["Content-Length": "4", "ETag": "\"tag\""]), .close]
            }
            return [S3Scripted.error(request.headers["if-match"] == "\"tag\"" ? 412 : 500, "PreconditionFailed")]
        }) { server in
            let client = try S3Scripted.client(server)
            let error = #expect(throws: Failure.self) { try client.get(bucket: "b", key: "k") }
            #expect(error == Failure(.conflict, "s3://b/k", "has changed: its ETag is not tag any more"))
        }
    }

    @Test("A read without an ETag is restarted, not resumed")
    func withoutTag() throws {
        try LoopbackServer.run({ request, index in
            guard index > 0 else { return [.answer(200, [9, 9], headers: ["Content-Length": "4"]), .close] }
            return [.answer(request.headers["range"] == nil ? 200 : 500, [1, 2, 3, 4])]
        }) { server in
            let found = try S3Scripted.client(server).get(bucket: "b", key: "k")
            #expect(found == [1, 2, 3, 4])
        }
    }

    @Test(
        "A connection that breaks or stalls before a response is retried",
        arguments: [LoopbackServer.Step.reset, .stall])
    func noAnswer(fault: LoopbackServer.Step) throws {
        let isStall = if case .stall = fault { true } else { false }
        try LoopbackServer.run({ _, index in index == 0 ? [fault] : [.answer(200)] }) { server in
            try S3Scripted.client(server, stall: isStall ? 1 : 300).put(bucket: "b", key: "k", Self.bytes)
            #expect(server.requests.count == 2)
            #expect(server.requests.allSatisfy { $0.body == Self.bytes })
        }
    }

    @Test("A late first byte is waited for")
    func slowFirstByte() throws {
        try LoopbackServer.run({ _, _ in [.pause(0.3), .answer(200, [1])] }) { server in
            let found = try S3Scripted.client(server).get(bucket: "b", key: "k")
            #expect(found == [1])
            #expect(server.requests.count == 1)
        }
    }

    @Test("A right checksum is accepted, and a checksum of checksums or of another kind is ignored")
    func checksums() throws {
        let right = CRC32(Self.bytes).base64
        for headers in [
            ["x-amz-checksum-crc32": right], ["x-amz-checksum-crc32": "AAAAAA==-3"],
            ["x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-type": "COMPOSITE"],
        ] {
            try LoopbackServer.run({ _, _ in [.answer(200, Self.bytes, headers: headers)] }) { server in
                let found = try S3Scripted.client(server).get(bucket: "b", key: "k")
                #expect(found == Self.bytes)
                #expect(server.requests.first?.headers["x-amz-checksum-mode"] == "ENABLED")
            }
        }
    }

    @Test("Damaged data is read again, and an error if it stays damaged", arguments: [2, 99])
    func damaged(soundFrom: Int) throws {
        let sum = ["x-amz-checksum-crc32": CRC32(Self.bytes).base64]
        try LoopbackServer.run({ _, index in
            var bytes = Self.bytes
            if index < soundFrom { bytes[77] ^= 1 }
            return [.answer(200, bytes, headers: sum)]
        }) { server in
            let client = try S3Scripted.client(server)
            if soundFrom == 2 {
                #expect(try client.get(bucket: "b", key: "k") == Self.bytes)
            } else {
                let error = #expect(throws: Failure.self) { try client.get(bucket: "b", key: "k") }
                #expect(error?.kind == .input)
                #expect(error?.message.hasPrefix("came damaged") == true)
            }
            #expect(server.requests.count == 3)
        }
    }

    @Test("An upload is repeated if the response has another checksum")
    func damagedUpload() throws {
        let right = CRC32(Self.bytes).base64
        try LoopbackServer.run({ _, index in
            [.answer(200, headers: ["x-amz-checksum-crc32": index == 0 ? "AAAAAA==" : right])]
        }) { server in
            try S3Scripted.client(server).put(bucket: "b", key: "k", Self.bytes)
            #expect(server.requests.map { $0.headers["x-amz-checksum-crc32"] } == [right, right])
        }
    }

    @Test("No attempt is made or awaited after the deadline")
    func deadline() throws {
        try LoopbackServer.run({ _, _ in [.answer(503, headers: ["Retry-After": "15"])] }) { server in
            var client = try S3Scripted.client(server)
            client.retries.deadline = client.retries.now() + 10
            let late = #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", [1]) }
            #expect(late?.kind == .deadline)
            client.retries.deadline = client.retries.now() - 1
            let over = #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", [1]) }
            #expect(over == Failure(.deadline, "s3://b/k", "not done by the deadline"))
            #expect(server.requests.count == 1)
        }
    }

    @Test("A request without a response ends at the deadline")
    func deadlineInRequest() throws {
        // On a machine with other work, the first of these deadlines may pass before a request is sent.
        var seconds = [0.2, 2, 20, 200].makeIterator()
        try attempt("a request before the deadline", upTo: 4) { found in
            try LoopbackServer.run({ _, _ in [.stall] }) { server in
                var client = try S3Scripted.client(server)
                client.retries.deadline = client.retries.now() + (seconds.next() ?? 200)
                let error = #expect(throws: Failure.self) { try client.get(bucket: "b", key: "k") }
                #expect(error?.kind == .deadline)
                found = "\(server.requests.count) requests"
                return server.requests.count == 1 ? () : nil
            }
        }
    }
}
