import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Uploads in parts")
struct S3MultipartTests {
    /// The requests of an upload in parts, in order.
    private enum Ask: Equatable {
        case begin, part(Int), complete, abort, head, other

        init(_ request: LoopbackServer.Request) {
            let query = request.query.split(separator: "&").map(String.init)
            let number = query.first { $0.hasPrefix("partNumber=") }.flatMap { Int($0.dropFirst("partNumber=".count)) }
            switch request.method {
            case "POST" where query == ["uploads="]: self = .begin
            case "PUT" where number != nil && query.contains("uploadId=u%2F1"): self = .part(number ?? 0)
            case "POST" where query == ["uploadId=u%2F1"]: self = .complete
            case "DELETE" where query == ["uploadId=u%2F1"]: self = .abort
            case "HEAD": self = .head
            default: self = .other
            }
        }
    }

    private static let begun = Array(
        "<InitiateMultipartUploadResult><UploadId>u/1</UploadId></InitiateMultipartUploadResult>".utf8)
    private static let done = Array(
        "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>".utf8)
    private static let size = (64 << 20) + 5

    private static func usual(_ ask: Ask) -> LoopbackServer.Step {
        switch ask {
        case .begin: .answer(200, begun)
        case .part(let number): .answer(200, headers: ["ETag": "\"p\(number)\""])
        case .complete: .answer(200, done)
        case .abort: .answer(204)
        case .head: .answer(200, headers: ["Content-Length": String(size)], bodyless: true)
        case .other: .answer(500)
        }
    }

    private static let bytes = [UInt8](repeating: 0x5A, count: size)

    @Test("An object above 64 MiB is sent in parts with checksums, and a checksum of the whole")
    func parts() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/file"
            try Data(Self.bytes).write(to: URL(fileURLWithPath: path))
            try LoopbackServer.run({ request, _ in [Self.usual(Ask(request))] }) { server in
                try S3Scripted.client(server).put(bucket: "b", key: "k", contentsOf: path)
                let requests = server.requests
                #expect(requests.map(Ask.init) == [.begin, .part(1), .part(2), .part(3), .complete])
                let sizes: [Int] = [32 << 20, 32 << 20, 5]
                #expect(requests[1...3].map(\.body.count) == sizes)
                let sums: [String] = requests[1...3].map { $0.headers["x-amz-checksum-crc32"] ?? "" }
                let expected: [String] = sizes.map { CRC32(Array(Self.bytes.prefix($0))).base64 }
                #expect(sums == expected)
                #expect(requests[4].headers["x-amz-checksum-crc32"] == CRC32(Self.bytes).base64)
                let list = try XMLElement(document: requests[4].body)
                #expect(list.all("Part").map { $0["ETag"] } == ["\"p1\"", "\"p2\"", "\"p3\""])
                #expect(list.all("Part").map { $0["PartNumber"] } == ["1", "2", "3"])
                #expect(list.all("Part").map { $0["ChecksumCRC32"] } == sums)
            }
        }
    }

    @Test("Ranges of other objects are copied where they are large, on their ETag; small ones are read and sent")
    func copies() throws {
        let other = (0..<20 << 10).flatMap { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1024) }
        let copied = Array("<CopyPartResult><ETag>&quot;c&quot;</ETag></CopyPartResult>".utf8)
        try LoopbackServer.run({ request, _ in
            if request.method == "GET" {
                let (status, body, headers) = S3Scripted.content(other, request)
                return [.answer(status, body, headers: headers)]
            }
            return request.headers["x-amz-copy-source"] == nil ? [Self.usual(Ask(request))] : [.answer(200, copied)]
        }) { server in
            let upload = try S3Scripted.client(server).upload(bucket: "b", key: "k", size: 100 << 20)
            let start = [UInt8](repeating: 1, count: 1000)
            try upload.write(start)
            let range = 10..<other.count
            try upload.append(bucket: "b", key: "o p", range: range, etag: "tag", checksum: CRC32(Array(other[range])))
            try upload.append(
                bucket: "b", key: "o p", range: 0..<100, etag: "tag", checksum: CRC32(Array(other[..<100])))
            _ = try upload.complete()
            let requests = server.requests
            #expect(requests.map(\.method) == ["GET", "POST", "PUT", "PUT", "GET", "PUT", "POST"])
            // The first part is filled up to 5 MiB.
            let copied = 10 + (5 << 20) - 1000
            #expect(requests[2].body == start + Array(other[10..<copied]))
            #expect(requests[3].headers["x-amz-copy-source"] == "/b/o%20p")
            #expect(requests[3].headers["x-amz-copy-source-range"] == "bytes=\(copied)-\(other.count - 1)")
            #expect(requests[3].headers["x-amz-copy-source-if-match"] == "\"tag\"")
            #expect(requests[5].body == Array(other[..<100]))
            let whole = CRC32(start + other[range] + other[..<100])
            #expect(requests[6].headers["x-amz-checksum-crc32"] == whole.base64)
            let list = try XMLElement(document: requests[6].body)
            #expect(list.all("Part").map { $0["ETag"] } == ["\"p1\"", "\"c\"", "\"p3\""])
        }
    }

    @Test("A copied object that has changed is a conflict, and the parts are removed by who began the upload")
    func changedSource() throws {
        try LoopbackServer.run({ request, _ in
            request.headers["x-amz-copy-source"] == nil
                ? [Self.usual(Ask(request))] : [S3Scripted.error(412, "PreconditionFailed")]
        }) { server in
            let upload = try S3Scripted.client(server).upload(bucket: "b", key: "k", size: 100 << 20)
            let error = #expect(throws: Failure.self) {
                try upload.append(bucket: "b", key: "o", range: 0..<20 << 20, etag: "tag", checksum: CRC32())
            }
            #expect(error == Failure(.conflict, "s3://b/o", "has changed meanwhile"))
            upload.abandon()
            upload.abandon()
            #expect(server.requests.map(Ask.init) == [.begin, .part(1), .abort])
        }
    }

    @Test("The parts of an upload that the deadline ends are removed before it")
    func deadline() throws {
        let now = Mutex(1000.0)
        try LoopbackServer.run({ request, _ in
            if Ask(request) == .part(1) { now.withLock { $0 = 1009 } }
            return [Self.usual(Ask(request))]
        }) { server in
            var client = try S3Scripted.client(server)
            client.retries.now = { now.withLock { $0 } }
            client.retries.deadline = 1010
            let error = #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", Self.bytes) }
            #expect(error?.kind == .deadline)
            #expect(server.requests.map(Ask.init) == [.begin, .part(1), .abort])
        }
    }

    @Test("A condition is a header, and its refusal a conflict; a response that was lost is found by the bytes")
    func conditions() throws {
        let bytes = [UInt8]("content".utf8)
        let lost = Mutex(false)
        try LoopbackServer.run({ request, _ in
            if request.method == "HEAD" {
                return [.answer(200, headers: ["Content-Length": "7", "ETag": "\"e\""], bodyless: true)]
            }
            if request.method == "GET" { return [.answer(200, bytes, headers: ["ETag": "\"e\""])] }
            let isFirst = lost.withLock { lost in
                defer { lost = true }
                return !lost
            }
            return [isFirst ? .reset : S3Scripted.error(412, "PreconditionFailed")]
        }) { server in
            let client = try S3Scripted.client(server)
            #expect(try client.put(bucket: "b", key: "k", bytes, if: .absent) == "e")
            #expect(server.requests.map { $0.headers["if-none-match"] } == ["*", "*", nil, nil])
            let error = #expect(throws: Failure.self) {
                try client.put(bucket: "b", key: "k", Array("another".utf8), if: .unchanged("t"))
            }
            #expect(error?.kind == .conflict)
            #expect(server.requests.contains { $0.headers["if-match"] == "\"t\"" })
        }
    }

    @Test("An object up to 64 MiB is sent in one request")
    func whole() throws {
        try LoopbackServer.run({ _, _ in [.answer(200)] }) { server in
            try S3Scripted.client(server).put(bucket: "b", key: "k", Array(Self.bytes[..<(64 << 20)]))
            #expect(server.requests.map { "\($0.method) \($0.target) \($0.body.count)" } == ["PUT /b/k \(64 << 20)"])
        }
    }

    @Test("The parts of a failed upload are removed, and the first error is thrown")
    func aborted() throws {
        try LoopbackServer.run({ request, _ in
            Ask(request) == .part(2) ? [S3Scripted.error(403, "AccessDenied")] : [Self.usual(Ask(request))]
        }) { server in
            let client = try S3Scripted.client(server)
            let error = #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", Self.bytes) }
            #expect(error?.kind == .denied)
            #expect(server.requests.map(Ask.init) == [.begin, .part(1), .part(2), .abort])
        }
    }

    @Test(
        "An error with status 200 is retried, or the parts are removed",
        arguments: ["InternalError", "InvalidPart"])
    func lateRefusal(code: String) throws {
        let count = Mutex(0)
        try LoopbackServer.run({ request, _ in
            let isFirst =
                Ask(request) == .complete
                && count.withLock { count in
                    count += 1
                    return count == 1
                }
            return isFirst ? [S3Scripted.error(200, code)] : [Self.usual(Ask(request))]
        }) { server in
            let client = try S3Scripted.client(server)
            if code == "InternalError" {
                try client.put(bucket: "b", key: "k", Self.bytes)
                #expect(server.requests.map(Ask.init).suffix(2) == [.complete, .complete])
            } else {
                let error = #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", Self.bytes) }
                #expect(error?.message.contains("InvalidPart") == true)
                #expect(server.requests.map(Ask.init).suffix(2) == [.complete, .abort])
            }
        }
    }

    @Test("An upload whose last response was lost is complete if the object exists")
    func lostAnswer() throws {
        let count = Mutex(0)
        try LoopbackServer.run({ request, _ in
            guard Ask(request) == .complete else { return [Self.usual(Ask(request))] }
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            return isFirst ? [.reset] : [S3Scripted.error(404, "NoSuchUpload")]
        }) { server in
            try S3Scripted.client(server).put(bucket: "b", key: "k", Self.bytes)
            #expect(server.requests.map(Ask.init).suffix(3) == [.complete, .complete, .head])
        }
    }

    @Test("There are never more than 10,000 parts")
    func partSize() {
        #expect(S3Client.partSize(of: 100 << 20) == 32 << 20)
        for size in [320_000 << 20, (320_000 << 20) + 1, 5 << 40] {
            let part = S3Client.partSize(of: size)
            #expect((size + part - 1) / part <= 10_000 && part <= 5 << 30)
        }
    }

    @Test("The error for an unreadable file names the file")
    func files() throws {
        try LoopbackServer.run({ _, _ in [.answer(200)] }) { server in
            let client = try S3Scripted.client(server)
            let missing = #expect(throws: Failure.self) {
                try client.put(bucket: "b", key: "k", contentsOf: "/nowhere/x")
            }
            #expect(missing?.description == "/nowhere/x: cannot be opened: No such file or directory")
            let folder = #expect(throws: Failure.self) { try client.put(bucket: "b", key: "k", contentsOf: "/") }
            #expect(folder?.kind == .input)
            #expect(server.requests.isEmpty)
        }
    }
}
