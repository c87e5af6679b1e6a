import AstroMAE
import Cloud
import FoundationEssentials
import Inference
import Platform
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
    /// - Throws: `Failure` where the weights are not there, or are no weights.
    func model(_ weights: String?, from store: any ObjectStore) throws(Failure) -> Loaded {
        let name: String
        name = try WeightsLocator(environment: environment).weights(named: weights)
        guard name.hasPrefix("s3://") else {
            // Every event asks: whether the file is another one is told without reading it.
            let file = try OpenFile(path: name)
            return try model(name, version: file?.etag ?? "") { () throws(Failure) in
                (name, try Self.fingerprint(name))
            }
        }
        let (place, info) = try WeightsFetcher.find(name, in: store, setting: "weights")
        return try model(name, version: info.etag) { () throws(Failure) in
            (try WeightsFetcher(store: store, environment: environment).fetch(place, info), info.etag)
        }
    }

    /// - Parameters:
    ///   - version: another one where the bytes may be others.
    ///   - file: the path of a file with them, and their ETag.
    private func model(
        _ name: String, version: String, file: () throws(Failure) -> (path: String, etag: String)
    ) throws(Failure) -> Loaded {
        try held.withLock { held throws(Failure) in
            let key = name + " " + version
            if let held, held.key == key { return held.loaded }
            // Two networks at once would be twice the memory.
            held = nil
            let (path, etag) = try file()
            let loaded = Loaded(model: try load(path, name: name), name: name, etag: etag)
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

    private func load(_ path: String, name: String) throws(Failure) -> RedshiftModel {
        do throws(Failure) {
            let file = try TensorFile.open(path: path, checksums: .deferred)
            try file.verifyChecksums(on: parallel)
            defer { file.release() }
            return try RedshiftModel(weights: file, on: parallel)
        } catch {
            // What was fetched has a name that nobody knows.
            throw path == name ? error : Failure(error.kind, name, error.description)
        }
    }
}
