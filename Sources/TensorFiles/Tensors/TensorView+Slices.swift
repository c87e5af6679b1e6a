import Platform

extension TensorView {
    /// The elements start..<start + count of an axis; nil where the axis has no such elements.
    public func slice(axis: Int, from start: Int, count: Int) -> TensorView? {
        guard shape.indices.contains(axis), start >= 0, count >= 0, start <= shape[axis] - count else { return nil }
        var shape = shape
        shape[axis] = count
        return TensorView(
            name: name, dtype: dtype, shape: shape, strides: strides,
            byteOffset: byteOffset + start * strides[axis] * dtype.byteCount, source: source)
    }

    /// The same elements with an additional first axis of length 1.
    public var asOneRow: TensorView {
        TensorView(
            name: name, dtype: dtype, shape: [1] + shape, strides: [count] + strides, byteOffset: byteOffset,
            source: source)
    }

    /// The range of `source` that contains rows of the first axis, and perhaps other bytes between them; nil when rows
    /// overlap, or when there are no such rows.
    public func byteRange(rows: Range<Int>) -> Range<Int>? {
        guard !shape.isEmpty, rows.lowerBound >= 0, rows.upperBound <= self.rows, !rows.isEmpty,
            let row = TensorLayout.measure(shape: Array(shape.dropFirst()), strides: Array(strides.dropFirst())),
            row.count > 0, self.rows == 1 || strides[0] >= row.extent
        else { return nil }
        let first = rows.lowerBound * strides[0]
        let end = (rows.upperBound - 1) * strides[0] + row.extent
        return byteOffset + first * dtype.byteCount..<byteOffset + end * dtype.byteCount
    }

    /// Releases the bytes of rows, where rows do not overlap.
    public func release(rows: Range<Int>) { if let range = byteRange(rows: rows) { source.release(range) } }

    /// Hints that rows will be read soon, where rows do not overlap.
    public func prefetch(rows: Range<Int>) { if let range = byteRange(rows: rows) { source.prefetch(range) } }

    /// A float32 tensor whose rows are computed on demand.
    /// - Parameters:
    ///   - shape: at least one axis; its number of elements fits an `Int` of bytes.
    ///   - file: its name in error messages.
    ///   - values: the elements of a range of rows, row-major.
    public static func floats(
        _ name: String, shape: [Int], of file: String,
        _ values: @escaping @Sendable (Range<Int>) throws(Failure) -> [Float]
    ) -> TensorView {
        TensorView(name: name, dtype: .f32, shape: shape, rowsOf: file) { rows throws(Failure) in
            bytes(try values(rows))
        }
    }

    /// The same for float64.
    public static func doubles(
        _ name: String, shape: [Int], of file: String,
        _ values: @escaping @Sendable (Range<Int>) throws(Failure) -> [Double]
    ) -> TensorView {
        TensorView(name: name, dtype: .f64, shape: shape, rowsOf: file) { rows throws(Failure) in
            bytes(try values(rows))
        }
    }

    private static func bytes<Element: BitwiseCopyable>(_ values: [Element]) -> [UInt8] {
        unsafe values.withUnsafeBytes { unsafe Array($0) }
    }
}
