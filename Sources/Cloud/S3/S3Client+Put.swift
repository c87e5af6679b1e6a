import Glibc
import Platform

extension S3Client {
    /// Size in bytes of the largest object that is sent in one request.
    static let mostInOnePart = 64 << 20

    public func put(bucket: String, key: String, _ bytes: [UInt8]) throws(Failure) {
        guard bytes.count > Self.mostInOnePart else { return try putWhole(bucket, key, bytes) }
        try putParts(bucket, key, size: bytes.count) { range throws(Failure) in Array(bytes[range]) }
    }

    /// Only one part of the file at a time is in memory.
    public func put(bucket: String, key: String, contentsOf path: String) throws(Failure) {
        guard let file = try OpenFile(path: path) else {
            throw Failure(path, "cannot be opened", SystemError(FileStamp(path: path) == nil ? ENOENT : EISDIR))
        }
        guard file.size > Self.mostInOnePart else { return try putWhole(bucket, key, try file.read(0..<file.size)) }
        try putParts(bucket, key, size: file.size) { range throws(Failure) in try file.read(range) }
    }

    private func putWhole(_ bucket: String, _ key: String, _ bytes: [UInt8]) throws(Failure) {
        _ = try send(S3Request(method: "PUT", bucket: bucket, key: key, body: bytes), CRC32(bytes))
    }

    /// Sends the request with the checksum of its body. If the response has a checksum, it must be the same.
    private func send(_ request: S3Request, _ checksum: CRC32) throws(Failure) -> HTTPResponse {
        var request = request
        request.headers += [("Content-Type", "application/octet-stream"), ("x-amz-checksum-crc32", checksum.base64)]
        return try perform(request) { response throws(Failure) in
            guard response.header("x-amz-checksum-crc32").map({ $0 == checksum.base64 }) ?? true else {
                throw Failure(.unavailable, name(request), "arrived damaged: its checksum is not \(checksum.base64)")
            }
            return response
        }
    }

    /// Size of a part in bytes: 32 MiB, or more where S3's limit of 10,000 parts requires it.
    static func partSize(of size: Int) -> Int {
        let (mebibyte, least) = (1 << 20, (size + 9_999) / 10_000)
        return max(32 * mebibyte, (least + mebibyte - 1) / mebibyte * mebibyte)
    }

    /// Uploads parts, which the last request joins; after a failure they are removed.
    private func putParts(
        _ bucket: String, _ key: String, size: Int, _ read: (Range<Int>) throws(Failure) -> [UInt8]
    ) throws(Failure) {
        let upload = try begin(bucket, key)
        do throws(Failure) {
            var parts: [UploadedPart] = []
            var checksum = CRC32()
            let partSize = Self.partSize(of: size)
            for start in stride(from: 0, to: size, by: partSize) {
                let bytes = try read(start..<min(start + partSize, size))
                let own = CRC32(bytes)
                checksum.append(own)
                let query = [(name: "partNumber", value: String(parts.count + 1) as String?), ("uploadId", upload)]
                let response = try send(
                    S3Request(method: "PUT", bucket: bucket, key: key, query: query, body: bytes), own)
                guard let etag = response.header("ETag"), !etag.isEmpty else {
                    throw Failure(name(bucket: bucket, key: key), "a part was taken without an ETag")
                }
                parts.append(UploadedPart(etag: etag, checksum: own.base64))
            }
            try complete(bucket, key, upload, parts, checksum)
        } catch {
            // Remaining parts would cost money. The first error is reported.
            var cleaner = self
            cleaner.retries.attempts = min(retries.attempts, 3)
            _ = try? cleaner.perform(
                S3Request(method: "DELETE", bucket: bucket, key: key, query: [("uploadId", upload)]))
            throw error
        }
    }

    private struct UploadedPart {
        let etag: String
        let checksum: String
    }

    private func begin(_ bucket: String, _ key: String) throws(Failure) -> String {
        let request = S3Request(
            method: "POST", bucket: bucket, key: key, query: [("uploads", nil)],
            headers: [
                ("Content-Type", "application/octet-stream"), ("x-amz-checksum-algorithm", "CRC32"),
                ("x-amz-checksum-type", "FULL_OBJECT"),
            ], body: [])
        return try perform(request) { response throws(Failure) in
            let document = try? XMLElement(document: response.body)
            guard let upload = document?["UploadId"], !upload.isEmpty else {
                throw Failure(.unavailable, name(request), "the answer names no upload")
            }
            return upload
        }
    }

    private func complete(
        _ bucket: String, _ key: String, _ upload: String, _ parts: [UploadedPart], _ checksum: CRC32
    ) throws(Failure) {
        let list = parts.enumerated().map { index, part in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(XMLElement.escaped(part.etag))</ETag>"
                + "<ChecksumCRC32>\(part.checksum)</ChecksumCRC32></Part>"
        }
        let space = "http://s3.amazonaws.com/doc/2006-03-01/"
        let text = "<CompleteMultipartUpload xmlns=\"\(space)\">\(list.joined())</CompleteMultipartUpload>"
        var request = S3Request(
            method: "POST", bucket: bucket, key: key, query: [("uploadId", upload)],
            headers: [
                ("Content-Type", "application/xml"), ("x-amz-checksum-crc32", checksum.base64),
                ("x-amz-checksum-type", "FULL_OBJECT"),
            ], body: Array(text.utf8))
        // Joining many parts may take minutes.
        request.patience = 300
        do {
            try perform(request) { response throws(Failure) in
                // S3 responds with status 200 before it is done, whatever the result.
                let document = try? XMLElement(document: response.body)
                guard document?.name != "CompleteMultipartUploadResult" else { return }
                let code = document?["Code"]
                let isTransient = code.map { ["InternalError", "SlowDown", "ServiceUnavailable"].contains($0) } ?? true
                throw Failure(
                    isTransient ? .unavailable : .input, name(request),
                    "the parts were not joined (\((code ?? "no result").oneLine))")
            }
        } catch {
            // If the response to a successful request was lost, the next attempt finds no upload.
            guard error.kind == .notFound, let info = try? head(bucket: bucket, key: key), info.size == checksum.count
            else { throw error }
        }
    }
}
