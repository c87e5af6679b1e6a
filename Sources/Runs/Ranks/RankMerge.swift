import Inference
import Platform
import TensorFiles

/// Joins the outputs of ranks into the bytes that one command alone would have written.
///
/// Before the first byte is written, all ranks are known to exist, to be of one run, and to have each galaxy of the inputs
/// once. Each output is compared with its checksum while it is read: the merged one appears only when all are unchanged.
public struct RankMerge {
    /// The forms that can be merged into the bytes of one command's output.
    public static let formats: [PredictionFormat] = [.csv, .jsonl, .npy]

    private let outputs: RankOutputs
    private let format: PredictionFormat

    /// - Throws: `Failure` naming the ranks that are missing, or where outputs are of different forms.
    public init(_ outputs: RankOutputs) throws(Failure) {
        let missing = outputs.missing
        guard missing.isEmpty else {
            let begun =
                outputs.unfinished.isEmpty ? "" : "; not finished: " + outputs.unfinished.joined(separator: ", ")
            throw Failure(
                "expected \(outputs.worldSize) ranks, found \(outputs.parts.count): missing "
                    + RankOutputs.listed(missing) + begun
                    + (outputs.parts.first.map { UnfinishedRanks(missing, like: $0).text } ?? ""))
        }
        // Shares of one total are contiguous and cover it: so are these, since each agrees with its rank's. Those of whole
        // files are compared with each other.
        try outputs.checkWholeFiles()
        var formats: [(part: RankOutputs.Part, format: PredictionFormat)] = []
        for part in outputs.parts {
            guard let format = PredictionFormat(path: part.name), Self.formats.contains(format) else {
                throw Failure("\(part.name): expected .csv, .jsonl or .npy")
            }
            formats.append((part, format))
        }
        guard let first = formats.first else { throw Failure("expected at least one rank") }
        if let other = formats.first(where: { $0.format != first.format }) {
            throw Failure("\(other.part.name): expected \(first.format.rawValue), as \(first.part.name) is")
        }
        self.outputs = outputs
        format = first.format
    }

    /// Writes all rows to `place`, and their `RunRecord` beside it.
    /// - Parameter progress: called with the bytes that were read, and those of all ranks, rank by rank.
    /// - Throws: `Failure` where an output does not match its sidecar, or `place` cannot be written. No file is then left.
    public func write(to place: OutputFile, progress: (Progress) -> Void = { _ in }) throws(Failure) {
        guard PredictionFormat(path: place.name) == format else {
            throw Failure("\(place.name): expected a name ending in .\(format.rawValue), as the ranks' outputs are")
        }
        try place.check(sparing: outputs.parts.flatMap { [$0.name, $0.name + RankSidecar.ending] })
        let recordFile = try place.isFile ? place.beside(RunRecord.ending) : nil
        try recordFile?.check(sparing: [])
        let merge = self
        let written = try place.write { path throws(Failure) in
            switch merge.format {
            case .npy: try merge.writeArray(path, progress)
            default: try merge.writeText(path, progress)
            }
            return recordFile == nil ? nil : try RankSidecar.Output(at: path, of: place.name)
        }
        guard let recordFile, let written, let record = RunRecord(outputs, output: written) else { return }
        try recordFile.write(record.json)
    }

    private func writeText(_ path: String, _ progress: (Progress) -> Void) throws(Failure) {
        let file = try AtomicFile(path: path)
        // Only the first header of CSV is kept. The CSV of a rank without galaxies is a header alone.
        var header: [UInt8]?
        try forEachPart(progress) { part, source, digest throws(Failure) in
            var isFirst = true
            try source.forEachPiece { bytes throws(Failure) in
                digest.update(bytes)
                var rows = bytes
                if isFirst, format == .csv {
                    let line = Self.line(bytes)
                    guard header ?? line == line else {
                        throw Failure(part.name, "expected the first rank's columns, found others")
                    }
                    if header != nil { rows = bytes.extracting(line.count..<bytes.byteCount) }
                    header = line
                }
                isFirst = false
                try file.write(rows)
            }
        }
        try file.commit()
    }

    private func writeArray(_ path: String, _ progress: (Progress) -> Void) throws(Failure) {
        let file = try NumPyWriter(path: path, element: .float32, rows: outputs.total)
        try forEachPart(progress) { part, source, digest throws(Failure) in
            let rows = part.sidecar.count
            guard let array = try TensorFile.open(source).tensors.first, array.shape == [rows], array.dtype == .f32
            else { throw Failure(part.name, "expected \(rows) values in float32, found others") }
            let block = (4 << 20) / MemoryLayout<Float>.size
            for start in stride(from: 0, to: rows, by: block) {
                let piece = start..<min(start + block, rows)
                var values = [Float](repeating: 0, count: piece.count)
                var span = values.mutableSpan
                try array.copyFloats(rows: piece, into: &span)
                try file.append(values)
            }
            try source.forEachPiece { bytes throws(Failure) in digest.update(bytes) }
        }
        try file.finish()
    }

    /// Calls `body` with the bytes of rank after rank, and checks the digest that it computes.
    private func forEachPart(
        _ progress: (Progress) -> Void,
        _ body: (RankOutputs.Part, any ByteSource, inout SHA256Stream) throws(Failure) -> Void
    ) throws(Failure) {
        let total = outputs.total
        var done = 0
        for part in outputs.parts {
            progress(Progress(done: done, total: total))
            done = done.cappedSum(part.sidecar.count)
            var digest = SHA256Stream()
            if let source = try outputs.open(part) { try body(part, source, &digest) }
            try part.check(digest)
        }
    }

    /// The first line with its line end; all bytes where there is no line end.
    private static func line(_ bytes: RawSpan) -> [UInt8] {
        var line: [UInt8] = []
        for offset in 0..<bytes.byteCount {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            line.append(byte)
            if byte == UInt8(ascii: "\n") { break }
        }
        return line
    }
}
