import Platform

/// Writes a PyTorch `TensorDataset` as `torch.save` does: a zip archive of stored entries whose data begins at multiples
/// of 64 bytes, each tensor in a storage of its own. `torch.load(..., weights_only=False)` reads it.
///
/// Rows are read when the file is written, a piece at a time: the tensors may be larger than the memory.
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
    /// Headers and directory of a dataset: at most this, by far.
    private static let headroom = 1 << 16
    /// Elements that are read at a time.
    private static let pieceCount = 1 << 18

    public init() {}

    /// Adds a tensor: the rows of `pieces`, one after the other, as float32 or float64. Numbers of that type are copied,
    /// others are converted: exactly where they are narrower.
    /// - Throws: `Failure` when there are no pieces, there are no such rows, their shapes differ, or the type is
    ///   another.
    public mutating func add(_ pieces: [Piece], as dtype: DType) throws(Failure) {
        guard let first = pieces.first, let columns = first.view.shape.isEmpty ? nil : first.view.shape.dropFirst()
        else {
            throw Failure(
                pieces.first?.view.source.name ?? "tensor", "there are no rows to write")
        }
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
        guard dtype == .f32 || dtype == .f64, let strides = TensorLayout.rowMajorStrides(shape),
            let size = TensorLayout.measure(shape: shape, strides: strides)?.count,
            !size.multipliedReportingOverflow(by: dtype.byteCount).overflow
        else { throw failure(first.view, "\(shape) as \(dtype.rawValue) cannot be written") }
        tensors.append(Tensor(pieces: pieces, dtype: dtype, shape: shape, strides: strides))
    }

    /// Writes the file, whole or not at all.
    /// - Parameter check: called when all is written, and before the file is in its place.
    /// - Throws: `Failure` when it cannot be written, would reach 4 GiB, or rows cannot be read; or what `check`
    ///   throws.
    public func write(
        to path: String, check: () throws(Failure) -> Void = {}
    ) throws(Failure) {
        let (size, overflow) = tensors.reduce((0, false)) { sum, tensor in
            let (next, overflow) = sum.0.addingReportingOverflow(tensor.byteCount)
            return (next, sum.1 || overflow)
        }
        guard !overflow, size <= Self.maximumSize - Self.headroom else {
            throw Failure(
                path, "\(size) bytes of tensors: expected less than 4 GiB, which is what is written")
        }
        let file = try AtomicFile(path: path)
        do {
            var archive = StoredArchive(file)
            try archive.add("archive/data.pkl", pickle)
            try archive.add("archive/byteorder", Array("little".utf8))
            for (key, tensor) in tensors.enumerated() {
                try archive.begin("archive/data/\(key)", size: tensor.byteCount)
                for piece in tensor.pieces { try Self.write(piece, as: tensor.dtype, to: &archive) }
                try archive.end()
            }
            try archive.add("archive/version", Array("3\n".utf8))
            try archive.finish()
            try check()
            try file.commit()
        } catch {
            file.abandon()
            throw error
        }
    }

    /// Writes rows, and lets go of them behind it.
    private static func write(
        _ piece: Piece, as dtype: DType, to archive: inout StoredArchive
    ) throws(Failure) {
        let view = piece.view
        let rowsAtOnce = max(1, pieceCount / max(1, view.rowCount))
        for start in stride(from: piece.rows.lowerBound, to: piece.rows.upperBound, by: rowsAtOnce) {
            let rows = start..<min(piece.rows.upperBound, start + rowsAtOnce)
            let next = rows.upperBound..<min(piece.rows.upperBound, rows.upperBound + rowsAtOnce)
            if let ahead = view.contiguousByteRange(rows: next) { view.source.prefetch(ahead) }
            if view.dtype == dtype {
                let bytes = try view.rowMajorBytes(rows: rows)
                try unsafe archive.write(bytes.span.bytes)
            } else if dtype == .f32 {
                var values = [Float](repeating: 0, count: rows.count * view.rowCount)
                var span = values.mutableSpan
                try view.copyFloats(rows: rows, into: &span)
                try unsafe archive.write(values.span.bytes)
            } else {
                var values = [Double](repeating: 0, count: rows.count * view.rowCount)
                var span = values.mutableSpan
                try view.copyDoubles(rows: rows, into: &span)
                try unsafe archive.write(values.span.bytes)
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
