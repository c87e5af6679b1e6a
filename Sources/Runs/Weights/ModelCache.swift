import AstroMAE
import Cloud
import Inference
import Platform
import Synchronization

/// The network of a process: loaded by the first rank, and kept for later ranks with the same weights.
final class ModelCache: Sendable {
    struct Loaded: Sendable {
        let model: RedshiftModel
        /// A path or an `s3://` URL.
        let name: String
        /// Changes with the weights: the ETag of an object, the `fingerprint` of a file.
        let etag: String
        /// Of the file, in hexadecimal digits.
        let sha256: String
    }

    private let held = Mutex<(key: String, loaded: Loaded)?>(nil)
    private let environment: [String: String]
    private let threads: Int

    init(environment: [String: String], threads: Int) {
        (self.environment, self.threads) = (environment, threads)
    }

    /// - Parameters:
    ///   - weights: a path or an `s3://` URL; nil for `$CAI_WEIGHTS` (either), else the weights that come with the
    ///     program.
    ///   - precision: of the Linear layers.
    /// - Throws: `Failure` where the weights do not exist, or are invalid.
    func model(
        _ weights: String?, _ precision: Precision = .float32, from store: any ObjectStore
    ) throws(Failure) -> Loaded {
        let located = try WeightsLocator(environment: environment).located(weights)
        return try located.naming { () throws(Failure) in try model(named: located.path, precision, from: store) }
    }

    private func model(
        named name: String, _ precision: Precision, from store: any ObjectStore
    ) throws(Failure) -> Loaded {
        guard name.hasPrefix("s3://") else {
            // Called for every event: the file's metadata show whether it has changed, without reading it.
            let file = try OpenFile(path: name)
            return try model(name, precision, version: file?.etag ?? "") { () throws(Failure) in
                (try WeightsFile(name, store: nil), try Self.fingerprint(name))
            }
        }
        let (location, info) = try WeightsFile.find(name, in: store, setting: "weights")
        return try model(name, precision, version: info.etag) { () throws(Failure) in
            (try WeightsFile(name, at: location, info, in: store, environment: environment), info.etag)
        }
    }

    /// The name of the weights, and their ETag or, of a file, their SHA-256, without loading them.
    func identity(
        _ weights: String?, from store: any ObjectStore
    ) throws(Failure) -> (name: String, etag: String?, sha256: String?) {
        let name = try WeightsLocator(environment: environment).weights(named: weights)
        guard name.hasPrefix("s3://") else { return (name, nil, try SHA256Digest.ofFile(name).sha256) }
        return (name, try WeightsFile.find(name, in: store, setting: "weights").info.etag, nil)
    }

    /// - Parameters:
    ///   - version: differs where the bytes may differ.
    ///   - file: the local file, and `Loaded.etag`.
    private func model(
        _ name: String, _ precision: Precision, version: String,
        file: () throws(Failure) -> (WeightsFile, etag: String)
    ) throws(Failure) -> Loaded {
        try held.withLock { held throws(Failure) in
            let key = "\(name) \(precision.rawValue) \(version)"
            if let held, held.key == key { return held.loaded }
            // Two networks at once would need twice the memory.
            held = nil
            let (file, etag) = try file()
            let (model, sha256) = try file.load(threads: threads, isDigested: true) { file, parallel throws(Failure) in
                try RedshiftModel(weights: file, precision: precision, on: parallel)
            }
            let loaded = Loaded(model: model, name: name, etag: etag, sha256: sha256 ?? "")
            held = (key, loaded)
            return loaded
        }
    }

    /// `{size}-{CRC-32 of samples}`: the weights of another training differ in every sample, and reading all of them would
    /// take longer than loading does.
    static func fingerprint(_ path: String) throws(Failure) -> String {
        let file = try MappedFile(path: path)
        let (samples, length) = (64, 16 << 10)
        var checksum = CRC32()
        for sample in 0..<samples {
            let start = (file.byteCount - min(length, file.byteCount)) * sample / (samples - 1)
            let range = start..<min(start + length, file.byteCount)
            try file.withBytes(in: range) { bytes throws(Failure) in checksum.update(bytes) }
        }
        return "\(file.byteCount)-\(String(checksum.value, radix: 16))"
    }
}
