import Platform

/// An object that is written piece by piece: sent in one request where it is small, otherwise in parts that the last request
/// joins. Until then S3 charges for the parts: they are removed after a failure.
final class S3Upload: ObjectUpload {
    /// S3 takes no part but the last below this size.
    private static let leastPart = 5 << 20
    /// Bytes from which a range of another object is copied by S3 instead of being read and sent.
    static let leastCopied = 16 << 20
    /// S3 copies at most 5 GiB at once.
    private static let mostCopied = 4 << 30
    /// Seconds before the client's deadline at which no part is sent any longer, so that parts can still be removed.
    private static let reserve = 2.0

    private struct Part {
        let etag: String
        let checksum: String?
    }

    /// Ends before the deadline.
    private let client: S3Client
    private let cleaner: S3Client
    private let bucket: String
    private let key: String
    private let partSize: Int
    /// More bytes than these are sent in parts.
    private let mostWhole: Int
    /// Bytes that are not sent.
    private var buffer: [UInt8] = []
    /// Of all bytes.
    private var checksum = CRC32()
    /// The upload's id, once parts are sent.
    private var id: String?
    private var parts: [Part] = []

    /// - Parameters:
    ///   - partSize: bytes of a part.
    ///   - mostWhole: bytes of the largest object that is sent in one request; of one that is known to be larger, `partSize`.
    init(_ client: S3Client, _ bucket: String, _ key: String, partSize: Int, mostWhole: Int) {
        var sender = client
        if let deadline = client.retries.deadline { sender.retries.deadline = deadline - Self.reserve }
        (self.client, cleaner) = (sender, client)
        (self.bucket, self.key, self.partSize, self.mostWhole) = (bucket, key, partSize, mostWhole)
    }

    private var name: String { client.name(bucket: bucket, key: key) }

    func write(_ bytes: [UInt8]) throws(Failure) {
        checksum.append(CRC32(bytes))
        try hold(bytes)
    }

    private func hold(_ bytes: [UInt8]) throws(Failure) {
        buffer += bytes
        guard buffer.count > (id == nil ? mostWhole : partSize) else { return }
        var start = 0
        while buffer.count - start > partSize {
            try send(Array(buffer[start..<start + partSize]))
            start += partSize
        }
        buffer.removeFirst(start)
    }

    func append(bucket: String, key: String, range: Range<Int>, etag: String, checksum: CRC32) throws(Failure) {
        guard range.count >= Self.leastCopied else {
            return try append(from: client, bucket: bucket, key: key, range: range, etag: etag)
        }
        self.checksum.append(checksum)
        var start = range.lowerBound
        if !buffer.isEmpty {
            // The bytes before it become a part, which may have to be filled up.
            let missing = max(0, Self.leastPart - buffer.count)
            if missing > 0 {
                try hold(
                    try client.get(bucket: bucket, key: key, range: start..<start + missing, etag: etag))
                start += missing
            }
            try send(buffer)
            buffer = []
        }
        let count = range.upperBound - start
        let pieces = (count + Self.mostCopied - 1) / Self.mostCopied
        for piece in 0..<pieces {
            try copy(
                bucket, key, start + count * piece / pieces..<start + count * (piece + 1) / pieces, etag: etag)
        }
    }

    func complete() throws(Failure) -> String {
        guard id != nil else {
            return try client.send(
                S3Request(
                    method: "PUT", bucket: bucket, key: key, headers: client.settings.creationHeaders, body: buffer),
                checksum)
        }
        if !buffer.isEmpty { try send(buffer) }
        buffer = []
        let etag = try join()
        id = nil
        return etag
    }

    func abandon() {
        guard let id else { return }
        self.id = nil
        var cleaner = cleaner
        (cleaner.retries.attempts, cleaner.retries.budget) = (min(cleaner.retries.attempts, 3), 10)
        // The error that led here is the one to report.
        _ = try? cleaner.perform(
            S3Request(method: "DELETE", bucket: bucket, key: key, query: [("uploadId", id)]))
    }

    // MARK: Requests

    /// The query of the next part.
    private func query() throws(Failure) -> [(name: String, value: String?)] {
        if id == nil { id = try begin() }
        return [("partNumber", String(parts.count + 1)), ("uploadId", id)]
    }

    private func begin() throws(Failure) -> String {
        let request = S3Request(
            method: "POST", bucket: bucket, key: key, query: [("uploads", nil)],
            headers: [
                ("Content-Type", "application/octet-stream"), ("x-amz-checksum-algorithm", "CRC32"),
                ("x-amz-checksum-type", "FULL_OBJECT"),
            ] + client.settings.creationHeaders, body: [])
        return try client.perform(request) { response throws(Failure) in
            let document = try? XMLElement(document: response.body)
            guard let upload = document?["UploadId"], !upload.isEmpty else {
                throw Failure(.unavailable, name, "the answer names no upload")
            }
            return upload
        }
    }

    private func send(_ bytes: [UInt8]) throws(Failure) {
        let own = CRC32(bytes)
        let etag = try client.send(
            S3Request(method: "PUT", bucket: bucket, key: key, query: try query(), body: bytes), own)
        try add(etag, own.base64)
    }

    /// A part with bytes of another object.
    private func copy(_ bucket: String, _ key: String, _ range: Range<Int>, etag: String) throws(Failure) {
        let path = AccessPoint(bucket).map { "\($0.arn)/object/\(key)" } ?? "/\(bucket)/\(key)"
        let source = PercentEncoding.encode(path, keepingSlashes: true)
        var request = S3Request(
            method: "PUT", bucket: self.bucket, key: self.key, query: try query(),
            headers: [
                ("x-amz-copy-source", source),
                ("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"),
                ("x-amz-copy-source-if-match", "\"\(etag)\""),
            ], body: [])
        request.patience = 300
        let part: Part
        do throws(Failure) {
            part = try client.perform(request) { response throws(Failure) in
                // S3 may respond with status 200 before it is done.
                let document = try result("CopyPartResult", of: response, "the part was not copied")
                return Part(etag: S3Client.unquoted(document["ETag"]), checksum: document["ChecksumCRC32"])
            }
        } catch {
            throw error.kind == .conflict
                ? Failure(.conflict, client.name(bucket: bucket, key: key), "has changed meanwhile") : error
        }
        try add(part.etag, part.checksum)
    }

    private func add(_ etag: String, _ checksum: String?) throws(Failure) {
        guard !etag.isEmpty else { throw Failure(name, "a part was taken without an ETag") }
        parts.append(Part(etag: etag, checksum: checksum))
    }

    private func join() throws(Failure) -> String {
        let list = parts.enumerated().map { index, part in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(XMLElement.escaped("\"\(part.etag)\""))</ETag>"
                + (part.checksum.map { "<ChecksumCRC32>\(XMLElement.escaped($0))</ChecksumCRC32>" } ?? "") + "</Part>"
        }
        let space = "http://s3.amazonaws.com/doc/2006-03-01/"
        let text = "<CompleteMultipartUpload xmlns=\"\(space)\">\(list.joined())</CompleteMultipartUpload>"
        var request = S3Request(
            method: "POST", bucket: bucket, key: key, query: [("uploadId", id)],
            headers: [
                ("Content-Type", "application/xml"), ("x-amz-checksum-crc32", checksum.base64),
                ("x-amz-checksum-type", "FULL_OBJECT"),
            ], body: Array(text.utf8))
        // Joining many parts may take minutes.
        request.patience = 300
        do {
            return try client.perform(request) { response throws(Failure) in
                S3Client.unquoted(
                    try result("CompleteMultipartUploadResult", of: response, "the parts were not joined")["ETag"])
            }
        } catch {
            // If the response to a successful request was lost, the next attempt finds no upload.
            guard error.kind == .notFound, let info = try? client.head(bucket: bucket, key: key),
                info.size == checksum.count
            else { throw error }
            return info.etag
        }
    }

    /// The document of a response, which has status 200 whatever the result.
    private func result(
        _ expected: String, of response: HTTPResponse, _ message: String
    ) throws(Failure) -> XMLElement {
        let document = try? XMLElement(document: response.body)
        if let document, document.name == expected { return document }
        let code = document?["Code"]
        let isTransient = code.map { ["InternalError", "SlowDown", "ServiceUnavailable"].contains($0) } ?? true
        throw Failure(isTransient ? .unavailable : .input, name, "\(message) (\((code ?? "no result").oneLine))")
    }
}
