/// Weights as two runs compare them.
public struct WeightsIdentity: Sendable, Equatable, Codable {
    /// As it was given; not compared.
    public let name: String
    /// `sha256:` and the digest of the file. Older sidecars have `etag:` and an object's ETag.
    public let identity: String

    public init(name: String, identity: String) {
        (self.name, self.identity) = (name, identity)
    }

    /// - Parameter sha256: of the file, in hexadecimal digits.
    public init(name: String, sha256: String) { self.init(name: name, identity: "sha256:" + sha256) }

    /// The same weights, identified in the way that an earlier run has identified its own.
    /// - Parameter etag: of the object now; nil of a local file.
    func comparable(with earlier: WeightsIdentity, etag: String?) -> WeightsIdentity {
        guard let etag, earlier.identity.hasPrefix(Self.etagPrefix) else { return self }
        return WeightsIdentity(name: name, identity: Self.etagPrefix + etag)
    }

    private static let etagPrefix = "etag:"
}
