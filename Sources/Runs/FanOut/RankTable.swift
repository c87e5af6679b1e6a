import Inference
import Platform

/// A rank's predictions, compared with what its result states, and what is measured over them.
struct RankTable: Sendable {
    static let header = Array((PredictionEncoder.columns + "\n").utf8)

    /// Of the bytes after the header.
    private(set) var checksum = CRC32()
    /// z_phot and z_spec of the galaxies whose z_spec is known; empty where nothing is measured.
    private(set) var predicted: [Double] = []
    private(set) var spectroscopic: [Double] = []
    private(set) var ids: [String] = []
    private var count = 0

    /// Reads the whole table, 4 MiB at a time.
    /// - Parameters:
    ///   - galaxies: rows that it must have.
    ///   - sha256: that its bytes must have.
    ///   - isMeasured: whether redshifts and ids are kept.
    ///   - piece: called with the bytes after the header, piece by piece.
    /// - Throws: `Failure` where it is not what the rank wrote.
    init(
        _ source: some ByteSource, galaxies: Int, sha256: String, isMeasured: Bool, piece: ([UInt8]) -> Void
    ) throws(Failure) {
        let name = source.name
        var rows = PredictionRows(name: name, [.objectID, .zSpec, .flags])
        var digest = SHA256Stream()
        var last: UInt8?
        for start in stride(from: 0, to: source.byteCount, by: 4 << 20) {
            let range = start..<min(start + 4 << 20, source.byteCount)
            var bytes = try source.withBytes(in: range) { $0.array(0..<$0.byteCount) }
            source.release(range)
            if start == 0, !bytes.starts(with: Self.header) {
                throw Failure(name, "expected the header \(PredictionEncoder.columns), found another")
            }
            digest.update(bytes)
            try rows.append(bytes)
            try take(&rows, isMeasured)
            last = bytes.last
            if start == 0 { bytes.removeFirst(Self.header.count) }
            checksum.append(CRC32(bytes))
            piece(bytes)
        }
        rows.finish()
        try take(&rows, isMeasured)
        guard last == UInt8(ascii: "\n") else {
            throw Failure(name, "row \(count): expected a line's end after it, found none")
        }
        guard count == galaxies else { throw Failure(name, "expected \(galaxies) rows, found \(count)") }
        guard digest.finish() == sha256 else { throw Self.changed(name) }
    }

    static func changed(_ name: String) -> Failure {
        Failure(
            name, "expected the bytes that its rank wrote, found others: their SHA-256 is not the one in its result")
    }

    private mutating func take(_ rows: inout PredictionRows, _ isMeasured: Bool) throws(Failure) {
        while let row = try rows.next() {
            count += 1
            guard isMeasured else { continue }
            ids.append(row.objectID ?? "")
            guard let known = row.zSpec else { continue }
            predicted.append(Double(row.float))
            spectroscopic.append(known)
        }
    }
}
