import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Listings of S3")
struct S3ListTests {
    private static func page(_ keys: [String], next: String?, encoding: String = "", truncated: String? = nil)
        -> [UInt8]
    {
        let entries = keys.map {
            "<Contents><Key>\($0)</Key><Size>\($0.count)</Size><ETag>&quot;e&quot;</ETag></Contents>"
        }
        let token = next.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? ""
        let more = truncated ?? (next == nil ? "false" : "true")
        let space = "http://s3.amazonaws.com/doc/2006-03-01/"
        let head = "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"\(space)\"><Name>b</Name>"
        let tail = "<IsTruncated>\(more)</IsTruncated></ListBucketResult>"
        return Array((head + encoding + token + entries.joined() + tail).utf8)
    }

    private static func name(_ number: Int) -> String { "p/" + String(10_000 + number) }

    /// Pages of a thousand names, by the token in the query.
    private static func thousands(_ request: LoopbackServer.Request, of count: Int) -> [UInt8] {
        let token = request.query.split(separator: "&").first { $0.hasPrefix("continuation-token=") }
        let start = token.flatMap { Int($0.dropFirst("continuation-token=t%2B%2F%3D".count)) } ?? 0
        let end = min(start + 1000, count)
        return page((start..<end).map(name), next: end < count ? "t+/=\(end)" : nil)
    }

    @Test("All pages are listed", arguments: [0, 1, 1000, 1001, 2050])
    func pages(count: Int) throws {
        try LoopbackServer.run({ request, _ in [.answer(200, Self.thousands(request, of: count))] }) { server in
            let found = try S3Scripted.client(server).list(bucket: "b", prefix: "p/ +é")
            #expect(found.map(\.key) == (0..<count).map(Self.name))
            #expect(server.requests.count == max(1, (count + 999) / 1000))
            let query = "list-type=2&encoding-type=url&max-keys=1000&prefix=p%2F%20%2B%C3%A9"
            #expect(server.requests.first?.target == "/b?" + query)
        }
    }

    @Test("A page that is repeated, cut short or damaged is requested again, and no key is lost")
    func badPages() throws {
        try LoopbackServer.run({ request, index in
            switch index {
            // The first page instead of the second.
            case 1: return [.answer(200, Self.page((0..<1000).map(Self.name), next: "t+/=1000"))]
            // The second page, with its own token as the next one.
            case 2: return [.answer(200, Self.page((1000..<2000).map(Self.name), next: "t+/=1000"))]
            case 3: return [.answer(200, Array(Self.thousands(request, of: 2050).dropLast(100)))]
            case 4: return [.answer(200, Self.page([], next: nil, truncated: "maybe"))]
            case 5: return [.answer(200, Self.page([Self.name(1500)], next: nil, truncated: "true"))]
            default: return [.answer(200, Self.thousands(request, of: 2050))]
            }
        }) { server in
            let found = try S3Scripted.client(server).list(bucket: "b", prefix: "p/")
            #expect(found.map(\.key) == (0..<2050).map(Self.name))
            #expect(server.requests.count == 8)
        }
    }

    @Test("A server that repeats one page forever is an error")
    func endless() throws {
        try LoopbackServer.run({ _, _ in [.answer(200, Self.page(["p/1"], next: "t"))] }) { server in
            let client = try S3Scripted.client(server)
            let error = #expect(throws: Failure.self) { try client.list(bucket: "b", prefix: "p/") }
            #expect(error?.description == "s3://b/p/: listing: a page came twice (after 25 attempts)")
        }
    }

    @Test("Encoded keys are decoded, others are unchanged, and all are sorted as bytes")
    func encodings() throws {
        try LoopbackServer.run({ _, index in
            let encoding = index == 0 ? "<EncodingType>url</EncodingType>" : ""
            let keys = ["b%2Bc+d%25", "%C3%A9", "e%CC%81", "a%09"]
            return [.answer(200, Self.page(keys, next: nil, encoding: encoding))]
        }) { server in
            let client = try S3Scripted.client(server)
            // One key has an e and a combining accent, the other a single letter: equal as strings, different as bytes.
            let decoded = try client.list(bucket: "b", prefix: "")
            #expect(
                decoded.map { Array($0.key.utf8) } == ["a\t", "b+c d%", "e\u{301}", "\u{E9}"].map { Array($0.utf8) })
            #expect(decoded.first?.etag == "e")
            let raw = try client.list(bucket: "b", prefix: "")
            #expect(raw.map(\.key) == ["%C3%A9", "a%09", "b%2Bc+d%25", "e%CC%81"])
        }
    }

    @Test("A missing bucket is an error, not an empty listing")
    func noBucket() throws {
        try LoopbackServer.run({ _, _ in [S3Scripted.error(404, "NoSuchBucket")] }) { server in
            let client = try S3Scripted.client(server)
            let error = #expect(throws: Failure.self) { try client.list(bucket: "b", prefix: "p") }
            #expect(error?.kind == .notFound)
        }
    }
}
