import Platform

/// Settings of all requests to S3.
public struct S3Settings: Sendable {
    /// Whether requests are sent without a signature, which public objects allow.
    let isUnsigned: Bool
    /// Whether the requests to buckets of others are paid for by this account.
    let isRequesterPaying: Bool
    /// The KMS key that encrypts new objects: an ARN, an id or an alias; nil for the encryption of the bucket.
    let encryptionKey: String?

    /// A signature, and nothing else.
    public init() { (isUnsigned, isRequesterPaying, encryptionKey) = (false, false, nil) }

    /// - Parameter environment: `AWS_NO_SIGN_REQUEST`, `AWS_REQUEST_PAYER` and `CAI_SSE_KMS_KEY`.
    /// - Throws: `Failure` of kind `.input` for other values than those in docs/AWS.md.
    public init(_ environment: [String: String]) throws(Failure) {
        let words = ["yes": true, "true": true, "1": true, "no": false, "false": false, "0": false]
        let unsigned = environment.set("AWS_NO_SIGN_REQUEST") ?? "no"
        guard let isUnsigned = words[unsigned.lowercased()] else {
            throw Failure("AWS_NO_SIGN_REQUEST", "expected YES or NO, found \(unsigned.oneLine.quoted)")
        }
        let payer = environment.set("AWS_REQUEST_PAYER")
        guard payer.map({ $0 == "requester" }) ?? true else {
            throw Failure("AWS_REQUEST_PAYER", "expected requester, found \((payer ?? "").oneLine.quoted)")
        }
        guard !isUnsigned || payer == nil else {
            throw Failure(
                "AWS_REQUEST_PAYER", "set together with AWS_NO_SIGN_REQUEST: requests without a signature cannot pay")
        }
        let key = environment.set("CAI_SSE_KMS_KEY")
        guard key?.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) ?? true else {
            throw Failure(
                "CAI_SSE_KMS_KEY",
                "expected the ARN, the id or the alias of a KMS key, found \((key ?? "").oneLine.quoted)")
        }
        (self.isUnsigned, isRequesterPaying, encryptionKey) = (isUnsigned, payer != nil, key)
    }

    /// Headers of all requests.
    var headers: [(name: String, value: String)] {
        isRequesterPaying ? [("x-amz-request-payer", "requester")] : []
    }

    /// Headers of the requests that create an object: an upload, or the first request of one in parts.
    var creationHeaders: [(name: String, value: String)] {
        guard let encryptionKey else { return [] }
        return [
            ("x-amz-server-side-encryption", "aws:kms"), ("x-amz-server-side-encryption-aws-kms-key-id", encryptionKey),
        ]
    }
}
