import Platform
import TensorFiles

/// A file of predictions in any form that `PredictionWriter` writes, or in which others have columns of these names:
/// CSV with a header, one JSON object a line (both compressed by gzip or not), FITS, HDF5, and `.npy`, which holds
/// z_phot only.
///
/// The bytes say which form it is; only an empty file, or one that does not begin with `{`, is JSON Lines by its name.
/// Files are not trusted: text is read a piece at a time, and tables by blocks of rows.
public struct PredictionFile: Sendable {
    private enum Contents {
        case csv, jsonLines, table(TensorFile)
    }

    private let source: any ByteSource
    private let isGzip: Bool
    private let contents: Contents

    /// Path or URL.
    public var name: String { source.name }

    /// Opens a file or a pipe, such as /dev/stdin.
    /// - Throws: `Failure` naming the file where it cannot be read, or is not what its first bytes say.
    public init(path: String) throws(Failure) { try self.init(try FileBytes.open(path)) }

    /// Bytes that are in memory; `name` is what errors call them.
    public init(_ bytes: [UInt8], name: String) throws(Failure) {
        try self.init(MemorySource(name: name, bytes: bytes))
    }

    /// - Throws: `Failure` where the source cannot be read, or is not what its first bytes say.
    public init(_ source: some ByteSource) throws(Failure) {
        self.source = source
        if source.byteCount > 0, try TensorFile.isTable(source) {
            (isGzip, contents) = (false, .table(try TensorFile.open(source)))
            return
        }
        let head = try Self.head(source)
        isGzip = head.isGzip
        let name = source.name.lowercased()
        let isLines = [".jsonl", ".jsonl.gz"].contains { name.hasSuffix($0) }
        let first = head.bytes.first { ![UInt8](" \t\r\n".utf8).contains($0) }
        contents = isLines || first == UInt8(ascii: "{") ? .jsonLines : .csv
    }

    /// What a FITS or HDF5 file states of its origin in its header; nil for one that states none, and in other forms.
    /// - Throws: `Failure` where the header cannot be read.
    public func provenance() throws(Failure) -> Provenance? {
        guard case .table(let file) = contents else { return nil }
        return try Provenance(of: file)
    }

    /// Calls `body` with each row, in the file's order.
    /// - Parameters:
    ///   - columns: to read beside z_phot, as far as the file has them. z_spec is refused of a `.npy` array.
    ///   - required: those that a table has to have. What a JSON object lacks is nil.
    ///   - number: a further column of numbers, such as `mag_r`, which the file has to have; nil for none.
    /// - Throws: `Failure` naming the file and the line or the column, and what `body` throws.
    public func forEach(
        _ columns: Set<PredictionColumn>, requiring required: Set<PredictionColumn> = [],
        number: String? = nil, _ body: (PredictionRow) throws(Failure) -> Void
    ) throws(Failure) {
        switch contents {
        case .csv:
            try forEach(of: PredictionRecords(name: name, columns: columns, required: required, number: number), body)
        case .jsonLines: try forEach(of: PredictionLines(name: name, columns: columns, number: number), body)
        case .table(let file):
            let (columns, required) = (columns.union([.zPhot]).union(required), required.union([.zPhot]))
            try PredictionTableReader(file: file, columns: columns, required: required, number: number).forEach(body)
        }
        try source.checkIntact()
    }

    private func forEach(
        of rows: some PredictionText, _ body: (PredictionRow) throws(Failure) -> Void
    ) throws(Failure) {
        var rows = rows
        try forEachPiece { piece throws(Failure) in
            try rows.append(piece)
            while let row = try rows.next() { try body(row) }
        }
        rows.finish()
        while let row = try rows.next() { try body(row) }
    }

    /// The first bytes of the text.
    private static func head(_ source: some ByteSource) throws(Failure) -> (bytes: [UInt8], isGzip: Bool) {
        let most = 4096
        let start = try source.withBytes(in: 0..<min(source.byteCount, most)) { $0.array(0..<$0.byteCount) }
        guard start.starts(with: Gzip.magic) else { return (start, false) }
        var head: [UInt8] = []
        try Gzip.inflate(source) { piece throws(Failure) in
            head += piece.array(0..<min(piece.byteCount, most))
            return head.count < most
        }
        return (head, true)
    }

    /// Calls `body` with the text, piece by piece.
    private func forEachPiece(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
        guard isGzip else { return try source.forEachPiece(body) }
        try Gzip.inflate(source) { piece throws(Failure) in
            try body(piece)
            return true
        }
    }
}

/// Rows of text that is appended piece by piece.
protocol PredictionText {
    mutating func append(_ piece: RawSpan) throws(Failure)
    /// No more bytes follow.
    mutating func finish()
    /// The next row; nil at the end, or where it is not there as a whole yet.
    mutating func next() throws(Failure) -> PredictionRow?
}
