import Foundation
import Synchronization
import TensorFiles
import TestSupport
import Testing

/// The subset of S3 that commands use, over a bucket `b` in memory. Signatures are not verified.
private final class Bucket: Sendable {
    private let objects: Mutex<[String: [UInt8]]>
    /// Method and path of each request.
    let requests = Mutex<[String]>([])

    init(_ objects: [String: [UInt8]]) { self.objects = Mutex(objects) }

    subscript(_ key: String) -> [UInt8]? { objects.withLock { $0[key] } }

    func answer(_ request: LoopbackServer.Request) -> LoopbackServer.Step {
        requests.withLock { $0.append("\(request.method) \(request.path)") }
        let path = request.path.split(separator: "/").map(String.init)
        guard path.first == "b" else {
            return .answer(404, Array("<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>".utf8))
        }
        let key = path.dropFirst().joined(separator: "/")
        if key.isEmpty { return .answer(200, Array(list(request).utf8)) }
        if request.method == "PUT" {
            objects.withLock { $0[key] = request.body }
            return .answer(200, headers: ["ETag": "\"put\""])
        }
        guard let bytes = self[key] else {
            return .answer(404, Array("<Error><Code>NoSuchKey</Code><Message>none</Message></Error>".utf8))
        }
        let headers = ["ETag": "\"\(bytes.count)\"", "Content-Length": "\(bytes.count)"]
        if request.method == "HEAD" { return .answer(200, headers: headers, bodyless: true) }
        guard let range = request.headers["range"] else { return .answer(200, bytes, headers: headers) }
        let bounds = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard bounds.count == 2, bounds[1] < bytes.count else { return .answer(416) }
        return .answer(
            206, Array(bytes[bounds[0]...bounds[1]]),
            headers: [
                "ETag": headers["ETag"] ?? "", "Content-Range": "bytes \(bounds[0])-\(bounds[1])/\(bytes.count)",
            ])
    }

    private func list(_ request: LoopbackServer.Request) -> String {
        let query = URLComponents(string: "http://s/?" + request.query)?.queryItems ?? []
        let prefix = query.first { $0.name == "prefix" }?.value ?? ""
        let entries = objects.withLock { objects in
            objects.sorted { $0.key < $1.key }.filter { $0.key.hasPrefix(prefix) }.map { key, bytes in
                "<Contents><Key>\(key)</Key><Size>\(bytes.count)</Size><ETag>\"\(bytes.count)\"</ETag></Contents>"
            }
        }
        return "<ListBucketResult><IsTruncated>false</IsTruncated>\(entries.joined())</ListBucketResult>"
    }

    /// Runs `cai` with this bucket as S3.
    func run(_ arguments: [String]) throws -> Command {
        try LoopbackServer.run { request, _ in
            [self.answer(request)]
        } _: { server in
            try Command.run(
                arguments,
                environment: [
                    "AWS_ENDPOINT_URL_S3": server.url, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
                    "AWS_REGION": "us-east-1",
                ])
        }
    }
}

@Suite("Objects as inputs and outputs of commands")
struct ObjectTests {
    private let bucket: Bucket

    init() throws {
        let table = try TensorTable.partition()
        let weights = try Data(contentsOf: URL(fileURLWithPath: Fixture.path("tiny/normalcell.pt")))
        bucket = Bucket([
            "set/1.pt": table.rows(0..<20).torch().bytes, "set/10.pt": table.rows(30..<37).torch().bytes,
            "set/2.pt": table.rows(20..<30).torch().bytes, "w.pt": [UInt8](weights),
        ])
    }

    @Test("Weights, galaxies and predictions in a bucket give the same redshifts as files")
    func infer() throws {
        let command = try bucket.run([
            "infer", "s3://b/set/", "--weights", "s3://b/w.pt", "-o", "s3://b/out/z.csv", "--quiet",
        ])
        #expect(command.errors.isEmpty)
        #expect(command.status == 0)
        let predictions = String(decoding: bucket["out/z.csv"] ?? [], as: UTF8.self).split(separator: "\n")
        let expected = try Command.infer([Tiny.partition]).outputLines
        func columns(_ lines: [Substring]) -> [[Substring]] { lines.map { Array($0.split(separator: ",")[3...]) } }
        #expect(columns(predictions) == columns(expected))
        #expect(predictions.dropFirst().first?.hasPrefix("1:0,1.pt,0,") == true)
        #expect(predictions.last?.hasPrefix("10:6,10.pt,6,") == true)
    }

    @Test("Partitions that cai split writes into a bucket are read by cai infer")
    func split() throws {
        let command = try bucket.run(["split", "s3://b/set", "-o", "s3://b/parts", "--rows", "15"])
        #expect(command.errors == "37 galaxies in 3 partitions of 15, the last of 7\n")
        #expect(command.status == 0)
        let again = try bucket.run(["split", "s3://b/set", "-o", "s3://b/parts", "--rows", "15"])
        #expect(again.errors.hasPrefix("cai: error: s3://b/parts: holds partitions already (1.pt, 2.pt, 3.pt)"))
        #expect(again.status == 1)
        let weights = ["--weights", Fixture.path("tiny/normalcell.pt")]
        let parts = try bucket.run(["infer", "s3://b/parts/", "--quiet"] + weights)
        let whole = try Command.infer([Tiny.partition])
        func values(_ command: Command) -> [ArraySlice<Substring>] {
            command.outputLines.map { $0.split(separator: ",")[3...] }
        }
        #expect(values(parts) == values(whole))
    }

    @Test("A rank with an index, and one of whole files, fetches its own files, and its summary has the requests")
    func ranks() throws {
        let index = try bucket.run(["index", "s3://b/set/", "-o", "s3://b/index.json"])
        #expect(index.errors == "37 galaxies in 3 files: s3://b/index.json\n")
        for options in [["--index", "s3://b/index.json"], ["--share", "files"]] {
            bucket.requests.withLock { $0 = [] }
            let command = try bucket.run(
                [
                    "infer", "s3://b/set/", "--weights", Fixture.path("tiny/normalcell.pt"), "--json", "-o",
                    "s3://b/parts/z.csv", "--rank", "0", "--world-size", "3",
                ] + options)
            #expect(command.status == 0, "\(command.errors)")
            let requests = bucket.requests.withLock { $0 }
            let summary = try object(command.output)
            #expect(summary["s3_requests"] as? Int == requests.count)
            #expect(command.errors.contains("S3: \(requests.count) requests, "), "\(command.errors)")
            #expect(!requests.contains { $0.hasSuffix("/2.pt") || $0.hasSuffix("/10.pt") }, "\(requests)")
            // Listings and errors are at most 2 KiB here.
            let most = [bucket["set/1.pt"], bucket["index.json"]].reduce(2048) { $0 + ($1?.count ?? 0) }
            #expect((1...most).contains(try #require(summary["s3_bytes_read"] as? Int)))
        }
    }

    @Test(
        "A missing object is one error line, before anything is computed",
        arguments: [
            (["infer", "s3://none/set/"], "s3://none"), (["infer", "s3://b/nothing"], "s3://b/nothing"),
            (["infer", "s3://b/set/", "--weights", "s3://b/none.pt"], "s3://b/none.pt"),
            (["infer", "s3://b/set/", "-o", "s3://none/z.csv"], "s3://none"),
            (["infer", "s3://b/set/1.pt", "-o", "s3://b/"], "--output"),
            (["infer", "s3://b/set/1.pt", "s3://b/set/"], "s3://b/set/1.pt: is given twice"),
        ])
    func refusals(arguments: [String], name: String) throws {
        let command = try bucket.run(arguments)
        #expect(command.status != 0)
        #expect(command.output.isEmpty)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(name))
        #expect(!command.errors.contains("secret"))
    }
}
