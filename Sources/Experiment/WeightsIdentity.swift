import Platform

extension ExperimentRecord.Weights {
    /// Of a file.
    /// - Parameter name: what the record calls it.
    /// - Throws: `Failure` where it cannot be read.
    public init(name: String, path: String) throws(Failure) {
        let file = try MappedFile(path: path)
        let digest = try file.withBytes(in: 0..<file.byteCount) { bytes in SHA256Digest.hexadecimal(of: bytes) }
        self.init(name: name, sha256: digest)
    }
}
