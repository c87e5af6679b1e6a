import Platform

/// An access point of S3 by its ARN, `arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME`, which stands for a bucket.
struct AccessPoint: Equatable {
    /// As in `arn:<partition>:`.
    let partition: String
    let region: String
    let account: String
    let name: String

    /// nil for any other string.
    init?(_ arn: String) {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "s3",
            Self.isLabel(parts[3]), parts[4].utf8.count == 12, parts[4].utf8.allSatisfy(\.isDigit),
            let prefix = Self.prefixes.first(where: parts[5].hasPrefix)
        else { return nil }
        (partition, region, account) = (parts[1], parts[3], parts[4])
        name = String(parts[5].dropFirst(prefix.count))
        guard Self.isLabel(name), name.utf8.count <= 50 else { return nil }
    }

    var arn: String { "arn:\(partition):s3:\(region):\(account):accesspoint/\(name)" }

    /// Of a resource. The command line of AWS accepts both.
    private static let prefixes = ["accesspoint/", "accesspoint:"]

    /// Whether it can be a part of a host name.
    private static func isLabel(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 63 && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.last != UInt8(ascii: "-")
            && text.utf8.allSatisfy { $0.isLowercase || $0.isDigit || "-".utf8.contains($0) }
    }

    static func isARN(_ text: some StringProtocol) -> Bool { text.hasPrefix("arn:") }

    /// Where the name begins in an ARN that a key may follow; the first byte of a text without an ARN.
    static func startOfName(_ text: Substring.UTF8View) -> Substring.UTF8View.Index {
        prefixes.lazy.compactMap { text.firstRange(of: ":\($0)".utf8)?.upperBound }.min() ?? text.startIndex
    }

    static let multiRegion =
        "a multi-region access point, whose requests need signatures (SigV4A) that cai does not create: "
        + "expected a bucket, or an access point in one region"

    /// Why an ARN is not that of an access point; nil where it is.
    static func fault(in arn: String) -> String? {
        guard AccessPoint(arn) == nil else { return nil }
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count > 3, parts[2] == "s3", parts[3].isEmpty, arn.contains("accesspoint") { return multiRegion }
        if parts.count > 2, ["s3-object-lambda", "s3-outposts", "s3express"].contains(parts[2]) {
            return unsupported(parts[2])
        }
        return "expected the name of a bucket, or arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME"
    }

    /// Why an alias cannot be used; nil for names of buckets and for aliases of access points of S3.
    static func fault(inAlias name: String) -> String? {
        aliases.first { name.hasSuffix($0.suffix) }.map { unsupported($0.service) }
    }

    /// By suffixes that S3 reserves.
    private static let aliases: [(suffix: String, service: String)] = [
        ("--ol-s3", "s3-object-lambda"), ("--op-s3", "s3-outposts"),
    ]

    private static func unsupported(_ service: some StringProtocol) -> String {
        "access points of \(service) are not supported: expected a bucket, or an access point of s3"
    }
}
