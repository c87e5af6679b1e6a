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
    private func place() throws(Failure) -> S3Location? {
        S3Location.isLocation(name) ? try S3Location(name) : nil
    }

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
            return try ObjectSource.open(store, bucket: place.bucket, key: place.key)
        } catch {
            throw error.reading(name)
        }
    }

    /// - Throws: `Failure` where the digest of its bytes is not the one that its sidecar states.
    func check(_ digest: consuming SHA256Stream) throws(Failure) {
        guard digest.finish() == sidecar.output.sha256 else {
            throw Failure(
                name,
                "is not what its \(RankSidecar.ending) describes: run rank \(sidecar.rank) again")
        }
    }

    /// z_phot of its galaxies, in their order.
    /// - Parameter source: its bytes; nil where it is empty.
    /// - Throws: `Failure` where digest or number of rows are not those that its sidecar states.
    func redshifts(_ source: (any ByteSource)?) throws(Failure) -> [Float] {
        let format = PredictionFormat(path: name) ?? .csv
        var digest = SHA256Stream()
        var rows = RedshiftRows(format)
        if let source {
            try FileIdentity.forEachPiece(of: source) { bytes throws(Failure) in
                digest.update(bytes)
                if format != .npy { rows.take(bytes) }
            }
        }
        try check(digest)
        var redshifts = rows.values
        if format == .npy, let source {
            let array = try TensorFile.open(source).tensors.first
            redshifts = array?.dtype == .f32 ? try array?.floats() ?? [] : []
        }
        guard redshifts.count == sidecar.end - sidecar.start else {
            throw Failure(
                name,
                "expected \(sidecar.end - sidecar.start) rows, as its \(RankSidecar.ending) states, found "
                    + "\(redshifts.count): run rank \(sidecar.rank) again")
        }
        return redshifts
    }
}

/// z_phot of the rows of a text that `PredictionWriter` wrote, a piece at a time. Its rows end in the three numbers z_phot,
/// z_spec and flags, so that nothing in the texts before them, be it a quote, matters.
struct RedshiftRows {
    /// NaN where a row has no number.
    private(set) var values: [Float] = []
    private let isCSV: Bool
    /// Of a CSV: the header is to come.
    private var isFirst: Bool
    private var isQuoted = false
    private var row: [UInt8] = []

    /// - Parameter format: .csv or .jsonl.
    init(_ format: PredictionFormat) {
        isCSV = format == .csv
        isFirst = isCSV
    }

    mutating func take(_ bytes: RawSpan) {
        for offset in 0..<bytes.byteCount {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            // Only a CSV has line ends in its texts.
            if isCSV, byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            guard byte == UInt8(ascii: "\n"), !isQuoted else {
                row.append(byte)
                continue
            }
            if isFirst { isFirst = false } else { values.append(redshift) }
            row.removeAll(keepingCapacity: true)
        }
    }

    /// What stands behind the last but two of the commas, or of the colons, before the next comma.
    private var redshift: Float {
        let mark = UInt8(ascii: isCSV ? "," : ":")
        var left = 3
        guard
            let start = row.lastIndex(where: { byte in
                if byte == mark { left -= 1 }
                return left == 0
            })
        else { return .nan }
        let number = row[(start + 1)...].prefix { $0 != UInt8(ascii: ",") }
        return Float(String(decoding: number, as: UTF8.self)) ?? .nan
    }
}
