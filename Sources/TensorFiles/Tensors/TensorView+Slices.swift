import Platform

extension TensorView {
    /// The part of an axis from `start` on, `count` long; nil where the axis has no such part.
    public func slice(axis: Int, from start: Int, count: Int) -> TensorView? {
        guard shape.indices.contains(axis), start >= 0, count >= 0, start <= shape[axis] - count else { return nil }
        var shape = shape
        shape[axis] = count
        return TensorView(
            name: name, dtype: dtype, shape: shape, strides: strides,
            byteOffset: byteOffset + start * strides[axis] * dtype.byteCount, source: source)
    }

    /// The same elements as the only row of a tensor with an axis more.
    public var asOneRow: TensorView {
        TensorView(
            name: name, dtype: dtype, shape: [1] + shape, strides: [count] + strides, byteOffset: byteOffset,
            source: source)
    }

    /// Where rows of the first axis lie in `source`, when no row begins before the one before it has ended: other bytes
    /// may lie between. nil otherwise, or when there are no such rows.
    public func byteRange(rows: Range<Int>) -> Range<Int>? {
        guard !shape.isEmpty, rows.lowerBound >= 0, rows.upperBound <= self.rows, !rows.isEmpty,
            let row = TensorLayout.measure(shape: Array(shape.dropFirst()), strides: Array(strides.dropFirst())),
            row.count > 0, self.rows == 1 || strides[0] >= row.extent
        else { return nil }
        let first = rows.lowerBound * strides[0]
        let end = (rows.upperBound - 1) * strides[0] + row.extent
        return byteOffset + first * dtype.byteCount..<byteOffset + end * dtype.byteCount
    }

    /// Lets go of the bytes of rows, where they lie together.
    public func release(rows: Range<Int>) {
        if let range = byteRange(rows: rows) { source.release(range) }
    }

    /// Asks for the bytes of rows to be loaded, where they lie together.
    public func prefetch(rows: Range<Int>) {
        if let range = byteRange(rows: rows) { source.prefetch(range) }
    }

    /// A float32 tensor whose rows are computed when they are asked for.
    /// - Parameters:
    ///   - shape: at least one axis; its number of elements fits an `Int` of bytes.
    ///   - file: what errors call the file.
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
