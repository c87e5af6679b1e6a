import AstroMAE
import Cloud
import FoundationEssentials
import Inference
import Synchronization
import TensorFiles

/// The network of a process: loaded by the first rank, kept for those that follow with the same weights.
final class ModelCache: Sendable {
    struct Loaded: Sendable {
        let model: RedshiftModel
        /// A path or an `s3://` URL.
        let name: String
        /// Changes with the weights: of those in a store their ETag, of a file its size and a checksum of samples.
        let etag: String
    }

    private let held = Mutex<(key: String, loaded: Loaded)?>(nil)
    private let environment: [String: String]
    private let parallel: ParallelLoop

    init(environment: [String: String], threads: Int) {
        self.environment = environment
        parallel = .threads(threads)
    }

    /// - Parameter weights: a path or an `s3://` URL; nil for `$CAI_WEIGHTS` (either), else those that come with the
    ///   program.
    /// - Throws: `FanOutError` where the weights are not there, or are no weights.
    func model(_ weights: String?, from store: any ObjectStore) throws(FanOutError) -> Loaded {
        let name: String
        do throws(InferenceError) {
            name = try WeightsLocator(environment: environment).weights(named: weights)
        } catch {
            throw FanOutError(error.description)
        }
        guard name.hasPrefix("s3://") else {
            let etag = try Self.fingerprint(name)
            return try model(name, etag: etag, key: name + " " + etag) { () throws(FanOutError) in name }
        }
        guard let place = ObjectPlace(url: name) else {
            throw FanOutError("weights: expected s3://bucket/key or a path, found '\(name)'")
        }
        let found = try stored { () throws(CloudError) in try store.head(bucket: place.bucket, key: place.key) }
        guard let info = found else { throw FanOutError("\(name): expected the weights, found no such object") }
        return try model(name, etag: info.etag, key: name + " " + info.etag) { () throws(FanOutError) in
            try WeightsFetcher(store: store, environment: environment).fetch(place, info)
        }
    }

    private func model(
        _ name: String, etag: String, key: String, path: () throws(FanOutError) -> String
    ) throws(FanOutError) -> Loaded {
        try held.withLock { held throws(FanOutError) in
            if let held, held.key == key { return held.loaded }
            // Two networks at once would be twice the memory.
            held = nil
            let loaded = Loaded(model: try load(try path(), name: name), name: name, etag: etag)
            held = (key, loaded)
            return loaded
        }
    }

    /// `{size}-{CRC-32 of samples}`: the weights of another training differ in every sample, and reading all of them would
    /// take longer than loading does.
    static func fingerprint(_ path: String) throws(FanOutError) -> String {
        do {
            let file = try MappedFile(path: path)
            let (samples, length) = (64, 16 << 10)
            var checksum = CRC32()
            for sample in 0..<samples {
                let start = (file.byteCount - min(length, file.byteCount)) * sample / (samples - 1)
                let range = start..<min(start + length, file.byteCount)
                try file.withBytes(in: range) { bytes throws(TensorFileError) in checksum.update(bytes) }
            }
            return "\(file.byteCount)-\(String(checksum.value, radix: 16))"
        } catch {
            throw FanOutError("\(error)")
        }
    }

    private func load(_ path: String, name: String) throws(FanOutError) -> RedshiftModel {
        do {
            let file = try TensorFile.open(path: path, checksums: .deferred)
            try file.verifyChecksums(on: parallel)
            defer { file.release() }
            return try RedshiftModel(weights: file, on: parallel)
        } catch {
            // What was fetched has a name that nobody knows.
            throw FanOutError(path == name ? "\(error)" : "\(name): \(error)")
        }
    }
}
