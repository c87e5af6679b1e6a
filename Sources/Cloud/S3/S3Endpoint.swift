import Platform

/// The endpoint of S3, and the URLs of buckets and objects.
struct S3Endpoint: Sendable {
    private let endpoints: AWSEndpoints
    /// Scheme, host and perhaps a path, without a slash at the end; nil for AWS's own.
    private let custom: String?

    /// - Throws: `Failure` of kind `.input` for an endpoint in the environment that is not a URL.
    init(_ configuration: AWSConfiguration) throws(Failure) {
        endpoints = configuration.endpoints
        custom = try configuration.endpoints.custom(.s3)
    }

    /// A URL, and the region for which its requests are signed.
    struct Address: Equatable {
        let url: String
        let region: String
    }

    /// At the endpoints of AWS the bucket is part of the host, unless its name has dots, which no certificate matches.
    /// - Parameters:
    ///   - bucket: its name, or the ARN of an access point, which names its region.
    ///   - key: nil for the bucket itself.
    ///   - query: not encoded; nil for a name without a value.
    ///   - region: of the bucket; nil for that of the configuration.
    /// - Throws: `Failure` of kind `.input` for invalid names and settings.
    func address(
        bucket: String, key: String?, query: [(name: String, value: String?)] = [], region: String? = nil
    ) throws(Failure) -> Address {
        if let fault = S3Location.fault(inBucket: bucket) { throw Failure("S3", fault) }
        if let key {
            let subject = S3Location(bucket: bucket, key: key).description.oneLine
            guard !key.isEmpty else { throw Failure(subject, "the key is empty") }
            guard key.utf8.count <= 1024 else {
                throw Failure(subject, "a key of \(key.utf8.count) bytes: at most 1024 are allowed")
            }
        }
        let point = AccessPoint(bucket)
        let region = point?.region ?? region ?? endpoints.region
        var url = try root(of: bucket, point, region)
        // The path of a bucket has no slash at its end, that of a host is one.
        if key != nil, !url.hasSuffix("/") { url += "/" }
        url += PercentEncoding.encode(key ?? "", keepingSlashes: true)
        let pairs = query.map { name, value in
            PercentEncoding.encode(name) + "=" + PercentEncoding.encode(value ?? "")
        }
        return Address(url: pairs.isEmpty ? url : url + "?" + pairs.joined(separator: "&"), region: region)
    }

    /// The region that a refusal names for its bucket, if requests can be sent there instead: that of AWS, in the same
    /// partition.
    func other(than address: Address, named home: String?, for bucket: String) -> String? {
        guard custom == nil, AccessPoint(bucket) == nil, let home, home != address.region,
            AWSConfiguration.isRegion(home), AWSPartition(region: home) == AWSPartition(region: endpoints.region)
        else { return nil }
        return home
    }

    /// The URL of a bucket.
    private func root(of bucket: String, _ point: AccessPoint?, _ region: String) throws(Failure) -> String {
        if let point { return try root(of: point) }
        if let custom { return "\(custom)/\(bucket)" }
        let host = try endpoints.s3Host("s3", region: region)
        // Older buckets may have names with dots or capitals, which certificates or hosts do not allow.
        let isLabel = bucket.utf8.allSatisfy { $0.isLowercase || $0.isDigit || "-".utf8.contains($0) }
        return isLabel ? "https://\(bucket).\(host)/" : "https://\(host)/\(bucket)"
    }

    private func root(of point: AccessPoint) throws(Failure) -> String {
        let own = AWSPartition(region: endpoints.region).name
        guard point.partition == own, AWSPartition(region: point.region).name == own else {
            throw Failure(
                "S3",
                "the access point \(point.name) is in partition \(point.partition), the region \(endpoints.region) in "
                    + "\(own): expected the same")
        }
        let label = "\(point.name)-\(point.account)"
        guard let custom, let slashes = custom.firstRange(of: "://") else {
            return "https://\(label).\(try endpoints.s3Host("s3-accesspoint", region: point.region))/"
        }
        // As that of a VPC: https://accesspoint.vpce-ID.s3.REGION.vpce.amazonaws.com.
        return "\(custom[..<slashes.upperBound])\(label).\(custom[slashes.upperBound...])/"
    }
}
