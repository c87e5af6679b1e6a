/// A request before it has a URL and a signature.
struct S3Request {
    /// Time limit of one attempt in seconds: slower than 64 KiB a second, a new attempt is better.
    var mostSeconds: Double {
        let limits = headers.first { $0.name == "Range" }?.value.dropFirst("bytes=".count).split(separator: "-")
            .compactMap { Double($0) }
        let asked = limits.flatMap { $0.count == 2 ? $0[1] - $0[0] : nil } ?? (method == "GET" ? 200e6 : 0)
        return 60 + (asked + Double(body?.count ?? 0)) / 65_536
    }

    let method: String
    let bucket: String
    /// nil for the bucket itself.
    let key: String?
    var query: [(name: String, value: String?)] = []
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// Seconds that S3 may take before it responds, for requests that take it long; nil for others.
    var patience: Double?
    /// Takes the bytes of a range.
    var receiver: (any ByteReceiver)?
}
