import Platform

extension S3Client {
    /// - Throws: `Failure.unavailable` where the service repeats pages, in all attempts.
    public func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo] {
        var objects: [ObjectInfo] = []
        // Keys as bytes: different keys can be equal as strings.
        var seen: Set<[UInt8]> = []
        var token: String?
        repeat {
            let page = try page(bucket, prefix, token, seen)
            for object in page.objects { seen.insert(Array(object.key.utf8)) }
            objects += page.objects
            token = page.next
        } while token != nil
        return objects.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    private struct Page {
        var objects: [ObjectInfo] = []
        /// nil after the last page.
        var next: String?
    }

    /// The page of `token`; the first one for nil.
    /// - Parameter seen: keys of earlier pages, none of which may be repeated.
    private func page(
        _ bucket: String, _ prefix: String, _ token: String?, _ seen: Set<[UInt8]>
    ) throws(Failure) -> Page {
        var query: [(name: String, value: String?)] = [
            ("list-type", "2"), ("encoding-type", "url"), ("max-keys", "1000"), ("prefix", prefix),
        ]
        if let token { query.append(("continuation-token", token)) }
        let subject = name(bucket: bucket, key: prefix)
        return try perform(S3Request(method: "GET", bucket: bucket, key: nil, query: query)) {
            response throws(Failure) in
            func failure(_ what: String) -> Failure { Failure(.unavailable, subject, "listing: \(what)") }
            let document: XMLElement
            do throws(XMLError) {
                document = try XMLElement(document: response.body)
            } catch {
                throw failure("byte \(error.offset) of a page: \(error.what)")
            }
            guard document.name == "ListBucketResult" else { throw failure("no page, but \(document.name.oneLine)") }
            let page = try Self.read(document, failure)
            let isRepeated = page.objects.contains { seen.contains(Array($0.key.utf8)) }
            guard !isRepeated, page.next == nil || page.next != token else { throw failure("a page came twice") }
            return page
        }
    }

    private static func read(_ document: XMLElement, _ failure: (String) -> Failure) throws(Failure) -> Page {
        let isEncoded = document["EncodingType"] == "url"
        var page = Page()
        for entry in document.all("Contents") {
            guard let written = entry["Key"], let size = entry["Size"].flatMap({ Int($0) }), size >= 0 else {
                throw failure("an entry without a key or a size")
            }
            let bytes = isEncoded ? PercentEncoding.decode(written, plusIsSpace: true) : Array(written.utf8)
            guard let key = String(validating: bytes, as: UTF8.self) else {
                throw failure("a key that is not valid UTF-8")
            }
            page.objects.append(ObjectInfo(key: key, size: size, etag: unquoted(entry["ETag"])))
        }
        switch document["IsTruncated"] {
        case "false": break
        case "true":
            guard let next = document["NextContinuationToken"], !next.isEmpty else {
                throw failure("a page that is not the last has no continuation token")
            }
            page.next = next
        default: throw failure("a page does not say whether it is the last one")
        }
        return page
    }
}
