import Platform

/// The endpoint of S3, and the URLs of buckets and objects.
struct S3Endpoint: Sendable {
    /// Scheme, host and perhaps a path, without a slash at the end.
    private let base: String
    private let isCustom: Bool

    /// - Throws: `Failure` of kind `.input` for an endpoint in the environment that is not a URL.
    init(_ configuration: AWSConfiguration) throws(Failure) {
        let custom = try configuration.endpoint("S3")
        isCustom = custom != nil
        base = custom ?? "https://s3.\(configuration.region).\(configuration.domain)"
    }

    /// At the endpoints of AWS the bucket is part of the host, unless its name has dots, which no certificate matches.
    /// - Parameters:
    ///   - key: nil for the bucket itself.
    ///   - query: not encoded; nil for a name without a value.
    /// - Throws: `Failure` of kind `.input` for invalid names.
    func url(bucket: String, key: String?, query: [(name: String, value: String?)] = []) throws(Failure) -> String {
        if let fault = S3Location.fault(inBucket: bucket) { throw Failure("S3", fault) }
        if let key {
            let subject = S3Location(bucket: bucket, key: key).description.oneLine
            guard !key.isEmpty else { throw Failure(subject, "the key is empty") }
            guard key.utf8.count <= 1024 else {
                throw Failure(subject, "a key of \(key.utf8.count) bytes: at most 1024 are allowed")
            }
        }
        var url: String
        // Older buckets may have names with dots or capitals, which certificates or hosts do not allow.
        if isCustom || !bucket.utf8.allSatisfy({ $0.isLowercase || $0.isDigit || "-".utf8.contains($0) }) {
            url = "\(base)/\(bucket)"
            if key != nil { url += "/" }
        } else {
            url = "https://\(bucket).\(base.dropFirst("https://".count))/"
        }
        url += PercentEncoding.encode(key ?? "", keepingSlashes: true)
        let pairs = query.map { name, value in
            PercentEncoding.encode(name) + "=" + PercentEncoding.encode(value ?? "")
        }
        return pairs.isEmpty ? url : url + "?" + pairs.joined(separator: "&")
    }
}
