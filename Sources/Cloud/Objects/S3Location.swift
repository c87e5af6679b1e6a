import Platform

/// A bucket and the rest of `s3://bucket/key`: a key, a prefix, or nothing.
public struct S3Location: Sendable, Equatable, CustomStringConvertible {
    /// A name, or the ARN of an access point: `arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME`.
    public let bucket: String
    /// Not encoded; empty for the whole bucket.
    public let key: String

    public init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }

    /// - Throws: `Failure` of kind `.input` for any other string, or an invalid name of a bucket.
    public init(_ text: String) throws(Failure) {
        func failure(_ what: String) -> Failure { Failure(text.oneLine, what) }
        guard Self.isLocation(text) else { throw failure("expected s3://bucket/key") }
        let rest = text.utf8.dropFirst(Self.scheme.utf8.count)
        // The ARN of an access point has a slash.
        let isARN = AccessPoint.isARN(text.dropFirst(Self.scheme.count))
        let start = isARN ? AccessPoint.startOfName(rest) : rest.startIndex
        let slash = rest[start...].firstIndex(of: UInt8(ascii: "/"))
        bucket = String(Substring(rest[..<(slash ?? rest.endIndex)]))
        key = slash.map { String(Substring(rest[rest.index(after: $0)...])) } ?? ""
        if let reason = Self.fault(inBucket: bucket) { throw failure(reason) }
    }

    public var description: String { "\(Self.scheme)\(bucket)/\(key)" }

    /// Whether `text` begins with `s3://`.
    public static func isLocation(_ text: String) -> Bool { text.hasPrefix(scheme) }

    private static let scheme = "s3://"

    /// Why the name of a bucket is invalid; nil where it is valid. Older buckets may have upper-case letters and underscores.
    static func fault(inBucket name: String) -> String? {
        func isAllowed(_ byte: UInt8) -> Bool { byte.isLetter || byte.isDigit || "-_.".utf8.contains(byte) }
        if name.isEmpty { return "no bucket is named" }
        if AccessPoint.isARN(name) { return AccessPoint.fault(in: name) }
        guard name.utf8.allSatisfy(isAllowed), name != ".", name != "..", name.utf8.count <= 255 else {
            return
                "no bucket can be called \"\(name.printable.shortened())\": letters, digits, hyphens and dots are allowed"
        }
        // Suffixes that S3 reserves.
        if name.hasSuffix("--x-s3") || name.hasSuffix("--xa-s3") {
            return "a directory bucket (S3 Express One Zone), whose requests need sessions that cai does not create: "
                + "copy the objects to a general purpose bucket"
        }
        return name.hasSuffix(".mrap") ? AccessPoint.multiRegion : AccessPoint.fault(inAlias: name)
    }
}
