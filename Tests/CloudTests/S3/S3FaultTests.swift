import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("S3, when the way to it is bad")
struct S3FaultTests {
    private static let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

    @Test("A storm of refusals is sat out, with waits that double up to a limit", arguments: [429, 500, 502, 503, 504])
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
        "A storm without end is given up, later where the server is but busy, and said so in one line",
        arguments: [(500, "InternalError", 8), (503, "SlowDown", 16)])
    func endlessStorm(status: Int, code: String, attempts: Int) throws {
        try LoopbackServer.run({ _, _ in [S3Scripted.error(status, code)] }) { server in
            let client = try S3Scripted.client(server)
            let error = #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", [1]) }
            #expect(error?.kind == .unavailable)
            #expect(
                error?.description
                    == "s3://b/k: S3 is not available (\(code), \(status)) (after \(attempts) attempts)")
            #expect(server.requests.count == attempts)
        }
    }

    @Test("Other refusals are not tried again", arguments: [400, 403, 404, 409, 412, 501])
    func refusals(status: Int) throws {
        try LoopbackServer.run({ _, _ in [.answer(status)] }) { server in
            let client = try S3Scripted.client(server)
            #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", [1]) }
            #expect(server.requests.count == 1)
        }
    }

    @Test("A server that asks to be left alone is, for as long as is reasonable", arguments: [(3, 3.0), (4000, 20.0)])
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
        "A read that breaks off goes on where it broke, under the ETag it began with",
        arguments: [LoopbackServer.Step.close, .reset, .stall], [nil, 1000..<150_000] as [Range<Int>?])
    func resumed(fault: LoopbackServer.Step, range: Range<Int>?) throws {
        // Each time that it stands still costs seconds.
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
            // A reset may take what was under way with it, so that only some of the bytes came.
            if case .reset = fault { return }
            let start = (range?.lowerBound ?? 0) + count * 30_000
            #expect(
                requests[count].headers["range"] == "bytes=\(start)-" + (range.map { "\($0.upperBound - 1)" } ?? ""))
            #expect(requests[count].headers["if-match"] == "\"tag\"")
        }
    }

    @Test("An object that changes while it is read in pieces is an error, not a mixture")
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

    @Test("What cannot be told to be the same is read again from its beginning")
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
        "A connection that breaks or stands still before an answer is made anew",
        arguments: [LoopbackServer.Step.reset, .stall])
    func noAnswer(fault: LoopbackServer.Step) throws {
        let isStall = if case .stall = fault { true } else { false }
        try LoopbackServer.run({ _, index in index == 0 ? [fault] : [.answer(200)] }) { server in
            try S3Scripted.client(server, stall: isStall ? 1 : 300).put(bucket: "b", key: "k", Self.bytes)
            #expect(server.requests.count == 2)
            #expect(server.requests.allSatisfy { $0.body == Self.bytes })
        }
    }

    @Test("A first byte that is late is waited for")
    func slowFirstByte() throws {
        try LoopbackServer.run({ _, _ in [.pause(0.3), .answer(200, [1])] }) { server in
            let found = try S3Scripted.client(server).get(bucket: "b", key: "k")
            #expect(found == [1])
            #expect(server.requests.count == 1)
        }
    }

    @Test("A checksum that is right is accepted, one of other checksums or of something else is passed over")
    func checksums() throws {
        let right = CRC32Checksum(Self.bytes).base64
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

    @Test("What came damaged is read again, and given up where it stays so", arguments: [2, 99])
    func damaged(soundFrom: Int) throws {
        let sum = ["x-amz-checksum-crc32": CRC32Checksum(Self.bytes).base64]
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

    @Test("An upload whose checksum comes back as another is sent again")
    func damagedUpload() throws {
        let right = CRC32Checksum(Self.bytes).base64
        try LoopbackServer.run({ _, index in
            [.answer(200, headers: ["x-amz-checksum-crc32": index == 0 ? "AAAAAA==" : right])]
        }) { server in
            try S3Scripted.client(server).put(bucket: "b", key: "k", Self.bytes)
            #expect(server.requests.map { $0.headers["x-amz-checksum-crc32"] } == [right, right])
        }
    }

    @Test("No attempt is made after the deadline, and none waited for that would come after it")
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

    @Test("A server that says nothing is left at the deadline")
    func deadlineInRequest() throws {
        // On a machine with other work, a request may not be out before the first of these.
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
