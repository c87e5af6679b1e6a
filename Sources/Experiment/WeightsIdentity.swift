import Cloud
import TensorFiles

extension ExperimentRecord.Weights {
    /// Of a file.
    /// - Parameter name: what the record calls it.
    /// - Throws: `ExperimentError` where it cannot be read.
    public init(name: String, path: String) throws(ExperimentError) {
        let digest = try passing {
            let file = try MappedFile(path: path)
            return try file.withBytes(in: 0..<file.byteCount) { bytes in SHA256Digest.hexadecimal(of: bytes) }
        }
        self.init(name: name, sha256: digest)
    }
}
