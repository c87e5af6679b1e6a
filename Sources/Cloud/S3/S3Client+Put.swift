import Platform

extension S3Client {
    /// Size in bytes of the largest object that is sent in one request.
    static let mostInOnePart = 64 << 20

    public func put(
        bucket: String, key: String, _ bytes: [UInt8], if condition: PutCondition
    ) throws(Failure) -> String {
        let headers: [(name: String, value: String)] =
            switch condition {
            case .always: []
            case .absent: [("If-None-Match", "*")]
            case .unchanged(let etag): [("If-Match", "\"\(etag)\"")]
            }
        guard bytes.count <= Self.mostInOnePart || condition != .always else {
            return try put(bucket: bucket, key: key, size: bytes.count) { upload throws(Failure) in
                try upload.write(bytes)
            }
        }
        do throws(Failure) {
            return try send(
                S3Request(
                    method: "PUT", bucket: bucket, key: key, headers: headers + settings.creationHeaders, body: bytes),
                CRC32(bytes))
        } catch {
            // The condition no longer holds where an earlier attempt succeeded and its response was lost.
            guard condition != .always, error.kind == .conflict, let info = try? head(bucket: bucket, key: key),
                info.size == bytes.count,
                let present = try? get(bucket: bucket, key: key, range: nil, etag: info.etag), present == bytes
            else { throw error }
            return info.etag
        }
    }

    public func upload(bucket: String, key: String, size: Int) throws(Failure) -> any ObjectUpload {
        let partSize = Self.partSize(of: size)
        return S3Upload(
            self, bucket, key, partSize: partSize,
            mostWhole: size > Self.mostInOnePart ? partSize : Self.mostInOnePart)
    }

    /// Sends the request with the checksum of its body. If the response has a checksum, it must be the same.
    /// - Returns: the ETag of the object or part, without quotation marks.
    func send(_ request: S3Request, _ checksum: CRC32) throws(Failure) -> String {
        var request = request
        request.headers += [("Content-Type", "application/octet-stream"), ("x-amz-checksum-crc32", checksum.base64)]
        return try perform(request) { response throws(Failure) in
            guard response.header("x-amz-checksum-crc32").map({ $0 == checksum.base64 }) ?? true else {
                throw Failure(.unavailable, name(request), "arrived damaged: its checksum is not \(checksum.base64)")
            }
            return Self.unquoted(response.header("ETag"))
        }
    }

    /// Size of a part in bytes: 32 MiB, or more where S3's limit of 10,000 parts requires it. A copied range takes two parts,
    /// of which the first may be small.
    static func partSize(of size: Int) -> Int {
        let (mebibyte, least) = (1 << 20, size / 3_000 + 1)
        return max(32 * mebibyte, (least + mebibyte - 1) / mebibyte * mebibyte)
    }
}
