import Cloud
import Inference
import Platform
import TensorFiles

/// The bytes of a rank's output.
extension RankOutputs.Part {
    /// Whether it exists, with the size that its sidecar states. Its contents are not read.
    func isThere(_ store: (any ObjectStore)?) throws(Failure) -> Bool { try size(store) == sidecar.output.bytes }

    /// Its size in bytes; nil where it does not exist.
    private func size(_ store: (any ObjectStore)?) throws(Failure) -> Int? {
        guard let store, let place = try place() else { return try OpenFile(path: name)?.size }
        return try store.head(bucket: place.bucket, key: place.key)?.size
    }

    /// nil of a local file.
    private func place() throws(Failure) -> S3Location? { S3Location.isLocation(name) ? try S3Location(name) : nil }

    /// Its bytes; nil where it is empty.
    /// - Parameter store: for names that begin with `s3://`.
    /// - Throws: `Failure` where it is missing, or does not have the size that its sidecar states.
    func open(_ store: (any ObjectStore)?) throws(Failure) -> (any ByteSource)? {
        do throws(Failure) {
            let found = try size(store)
            let place = try place()
            guard found == sidecar.output.bytes else {
                throw Failure(
                    .notFound, name,
                    "expected \(sidecar.output.bytes) bytes, as its \(RankSidecar.ending) states, found "
                        + (found.map(String.init) ?? "no file") + ": run rank \(sidecar.rank) again")
            }
            guard sidecar.output.bytes > 0 else { return nil }
            guard let store, let place else { return try MappedFile(path: name) }
            return try FetchPool(store).open(bucket: place.bucket, key: place.key)
        } catch {
            throw error.reading(name)
        }
    }

    /// - Throws: `Failure` where the digest of its bytes is not the one that its sidecar states.
    func check(_ digest: consuming SHA256Stream) throws(Failure) {
        guard digest.finish() == sidecar.output.sha256 else {
            throw Failure(name, "is not what its \(RankSidecar.ending) describes: run rank \(sidecar.rank) again")
        }
    }

    /// z_phot of its galaxies, in their order.
    /// - Parameter source: its bytes; nil where it is empty.
    /// - Throws: `Failure` where digest or number of rows are not those that its sidecar states.
    func redshifts(_ source: (any ByteSource)?) throws(Failure) -> [Float] {
        var digest = SHA256Stream()
        try source?.forEachPiece { bytes throws(Failure) in digest.update(bytes) }
        try check(digest)
        var redshifts: [Float] = []
        if let source { try PredictionFile(source).forEach([]) { redshifts.append($0.float) } }
        guard redshifts.count == sidecar.count else {
            throw Failure(
                name,
                "expected \(sidecar.count) rows, as its \(RankSidecar.ending) states, found "
                    + "\(redshifts.count): run rank \(sidecar.rank) again")
        }
        return redshifts
    }
}
