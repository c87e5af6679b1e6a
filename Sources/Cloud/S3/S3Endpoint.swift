import Platform

/// Where buckets are, and how the URLs of objects are spelled there.
struct S3Endpoint: Sendable {
    /// Scheme, host and perhaps a path, without a slash at the end.
    private let base: String
    private let isCustom: Bool

    /// - Throws: `Failure` of kind `.input` for an endpoint in the environment that is no URL.
    init(_ configuration: AWSConfiguration) throws(Failure) {
        let custom = try configuration.endpoint("S3")
        isCustom = custom != nil
        base = custom ?? "https://s3.\(configuration.region).\(configuration.domain)"
    }

    /// Buckets are hosts at AWS's own endpoints, unless they have dots, which no certificate matches.
    /// - Parameters:
    ///   - key: nil for the bucket itself.
    ///   - query: not encoded yet; a value of nil stands for a name alone.
    /// - Throws: `Failure` of kind `.input` for names that cannot be.
    func url(
        bucket: String, key: String?, query: [(name: String, value: String?)] = []
    ) throws(Failure) -> String {
        if let fault = S3Location.fault(inBucket: bucket) { throw Failure(.input, "S3", fault) }
        if let key {
            let subject = S3Location(bucket: bucket, key: key).description.printable
            guard !key.isEmpty else { throw Failure(.input, subject, "the key is empty") }
            guard key.utf8.count <= 1024 else {
                throw Failure(.input, subject, "a key of \(key.utf8.count) bytes: at most 1024 are allowed")
            }
        }
        var url: String
        // Certificates do not cover names with dots, and hosts have no capitals: older buckets may.
        if isCustom || !bucket.utf8.allSatisfy({ Self.isHostByte($0) }) {
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

    /// Of a label of a host: a small letter, a digit or a hyphen.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
