import Platform

/// Writes a PyTorch `TensorDataset` in the format of `torch.save`: a zip archive of stored entries, one storage for each
/// tensor. `torch.load(..., weights_only=False)` reads it.
///
/// Rows are read when the file is written, some at a time: the tensors may be larger than the memory.
public struct TorchWriter {
    /// Rows of another file's tensor.
    public typealias Piece = (view: TensorView, rows: Range<Int>)

    private struct Tensor {
        let pieces: [Piece]
        let dtype: DType
        let shape: [Int]
        let strides: [Int]
        var count: Int { shape.reduce(1, *) }
        var byteCount: Int { count * dtype.byteCount }
    }

    private var tensors: [Tensor] = []
    /// Without zip64 an archive ends before 4 GiB.
    private static let maximumSize = 0xFFFF_FFFF
    /// More than the headers and the directory of a dataset take.
    private static let headroom = 1 << 16
    /// Number of elements read at a time.
    private static let pieceCount = 1 << 18

    public init() {}

    /// Adds a tensor: the rows of `pieces`, one after the other, as float32 or float64. Numbers of other types are
    /// converted, exactly if they are narrower.
    /// - Throws: `Failure` when there are no pieces, there are no such rows, their shapes differ, or `dtype` is another type.
    public mutating func add(_ pieces: [Piece], as dtype: DType) throws(Failure) {
        guard let first = pieces.first, let columns = first.view.shape.isEmpty ? nil : first.view.shape.dropFirst()
        else { throw Failure(pieces.first?.view.source.name ?? "tensor", "there are no rows to write") }
        func failure(_ view: TensorView, _ what: String) -> Failure {
            Failure(view.source.name, "tensor \(view.name.quoted): \(what)")
        }
        var count = 0
        for (view, rows) in pieces {
            guard view.shape.dropFirst() == columns else {
                throw failure(view, "expected rows of \(Array(columns)), found \(Array(view.shape.dropFirst()))")
            }
            guard !view.shape.isEmpty, rows.lowerBound >= 0, rows.upperBound <= view.rows else {
                throw failure(view, "rows \(rows.lowerBound)..<\(rows.upperBound) of \(view.rows)")
            }
            count += rows.count
        }
        let shape = [count] + columns
        guard dtype == .f32 || dtype == .f64, let dense = TensorLayout.dense(shape, elementSize: dtype.byteCount) else {
            throw failure(first.view, "\(shape) as \(dtype.rawValue) cannot be written")
        }
        tensors.append(Tensor(pieces: pieces, dtype: dtype, shape: shape, strides: dense.strides))
    }

    /// Writes the file, whole or not at all.
    /// - Parameter check: called when everything is written, before the file gets its final name.
    /// - Throws: `Failure` when it cannot be written, would reach 4 GiB, or rows cannot be read; and the errors of `check`.
    public func write(
        to path: String, check: () throws(Failure) -> Void = {}
    ) throws(Failure) {
        let (size, overflow) = tensors.reduce((0, false)) { sum, tensor in
            let (next, overflow) = sum.0.addingReportingOverflow(tensor.byteCount)
            return (next, sum.1 || overflow)
        }
        guard !overflow, size <= Self.maximumSize - Self.headroom else {
            throw Failure(path, "\(size) bytes of tensors: expected less than 4 GiB, which is what is written")
        }
        let (pickle, byteOrder, version) = (pickle, Array("little".utf8), Array("3\n".utf8))
        var entries = [("archive/data.pkl", pickle.count), ("archive/byteorder", byteOrder.count)]
        entries += tensors.enumerated().map { ("archive/data/\($0.offset)", $0.element.byteCount) }
        entries.append(("archive/version", version.count))
        var archive = try ZipWriter(path: path, entries: entries, isZip64: false)
        do throws(Failure) {
            for (entry, bytes) in [(0, pickle), (1, byteOrder), (entries.count - 1, version)] {
                try archive.write(bytes.span.rawSpan, sum: CRC32(bytes), entry: entry, at: 0)
            }
            for (key, tensor) in tensors.enumerated() {
                var offset = 0
                for piece in tensor.pieces {
                    try Self.forEachBlock(of: piece, as: tensor.dtype) { (bytes: RawSpan) throws(Failure) in
                        try archive.write(bytes, sum: CRC32(bytes), entry: 2 + key, at: offset)
                        offset += bytes.byteCount
                    }
                }
            }
            try archive.finish()
            try check()
            try archive.file.commit()
        } catch {
            archive.file.abandon()
            throw error
        }
    }

    /// Calls `body` with rows converted to `dtype`, some at a time, and releases them afterwards.
    private static func forEachBlock(
        of piece: Piece, as dtype: DType, _ body: (RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        let view = piece.view
        let rowsAtOnce = max(1, pieceCount / max(1, view.rowCount))
        for start in stride(from: piece.rows.lowerBound, to: piece.rows.upperBound, by: rowsAtOnce) {
            let rows = start..<min(piece.rows.upperBound, start + rowsAtOnce)
            let next = rows.upperBound..<min(piece.rows.upperBound, rows.upperBound + rowsAtOnce)
            if let ahead = view.contiguousByteRange(rows: next) { view.source.prefetch(ahead) }
            if view.dtype == dtype {
                let bytes = try view.rowMajorBytes(rows: rows)
                try body(bytes.span.rawSpan)
            } else if dtype == .f32 {
                let values = try view.floats(rows: rows)
                try body(values.span.rawSpan)
            } else {
                let values = try view.doubles(rows: rows)
                try body(values.span.rawSpan)
            }
            if let done = view.contiguousByteRange(rows: rows) { view.source.release(done) }
        }
    }

    /// The object, in protocol 2: a `TensorDataset` whose only attribute is the tuple of tensors.
    private var pickle: [UInt8] {
        var pickle = PickleWriter()
        pickle.global("torch.utils.data.dataset", "TensorDataset")
        pickle.codes(.emptyTuple, .newObject, .emptyDictionary)
        pickle.text("tensors")
        pickle.codes(.mark)
        for (key, tensor) in tensors.enumerated() {
            pickle.global("torch._utils", "_rebuild_tensor_v2")
            pickle.codes(.mark, .mark)
            pickle.text("storage")
            pickle.global("torch", tensor.dtype == .f64 ? "DoubleStorage" : "FloatStorage")
            pickle.text(String(key))
            pickle.text("cpu")
            pickle.int(tensor.count)
            pickle.codes(.tuple, .persistentID)
            pickle.int(0)
            pickle.ints(tensor.shape)
            pickle.ints(tensor.strides)
            pickle.codes(.false_)
            pickle.global("collections", "OrderedDict")
            pickle.codes(.emptyTuple, .reduce, .tuple, .reduce)
        }
        pickle.codes(.tuple, .setItem, .build, .stop)
        return pickle.bytes
    }
}
