import Platform

/// A tensor in a file: its name, type, layout and the location of its bytes. Nothing is read before a call asks for it.
///
/// A reader has checked that all elements of `shape` and `strides` are inside `source`.
public struct TensorView: Sendable {
    /// Dotted name, as in PyTorch's `state_dict`.
    public let name: String
    public let dtype: DType
    /// Elements along each axis; empty for a scalar.
    public let shape: [Int]
    /// Steps along each axis, in elements; never negative.
    public let strides: [Int]
    /// Byte offset of element [0, 0, ...] in `source`.
    public let byteOffset: Int
    public let source: any ByteSource
    /// The types of the elements in the file, where a view converts them; empty where that is `dtype`.
    var storedAs: [DType] = []
    /// Integers that the file states to stand for none: NaN where elements are converted to floats.
    var nulls: [Double] = []

    /// Whether the file scales stored numbers to these, or adds an offset to them.
    public internal(set) var isScaled = false

    /// The types of the elements in the file: several, where columns are put side by side.
    public var storedTypes: [DType] { storedAs.isEmpty ? [dtype] : storedAs }

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// Elements of one step along the first axis (1 for a scalar or a vector).
    public var rowCount: Int { shape.dropFirst().reduce(1, *) }

    /// Steps along the first axis: 1 for a scalar.
    public var rows: Int { shape.first ?? 1 }

    /// Whether the elements are in row-major order without gaps.
    public var isContiguous: Bool { TensorLayout.isContiguous(shape: shape, strides: strides) }

    /// Copies rows of the first axis, converted to float32, in row-major order. Booleans become 0 and 1; float64 and wide
    /// integers are rounded to nearest, half precision is widened exactly.
    /// - Throws: `Failure` when `rows` or `out` do not fit the tensor, or its bytes cannot be read.
    public func copyFloats(rows: Range<Int>, into out: inout MutableSpan<Float>) throws(Failure) {
        try checkRoom(rows, out.count)
        try copy(rows, into: &out)
    }

    /// Copies rows of the first axis, converted to float64, in row-major order.
    /// - Throws: `Failure` when `rows` or `out` do not fit the tensor, or its bytes cannot be read.
    public func copyDoubles(rows: Range<Int>, into out: inout MutableSpan<Double>) throws(Failure) {
        try checkRoom(rows, out.count)
        try copy(rows, into: &out)
    }

    /// Rows of the first axis, by default all, as float32, row-major.
    public func floats(rows: Range<Int>? = nil) throws(Failure) -> [Float] { try elements(rows ?? 0..<self.rows) }

    /// The same as float64.
    public func doubles(rows: Range<Int>? = nil) throws(Failure) -> [Double] { try elements(rows ?? 0..<self.rows) }

    private func elements<Element: ConvertedElement>(_ rows: Range<Int>) throws(Failure) -> [Element] {
        try checkRoom(rows, .max)
        var values = [Element](repeating: 0, count: rows.count * rowCount)
        var span = values.mutableSpan
        try copy(rows, into: &span)
        return values
    }

    /// Rows of the first axis, unconverted (little-endian, `dtype.byteCount` bytes an element), row-major.
    /// - Throws: `Failure` when there are no such rows, or their bytes cannot be read.
    public func rowMajorBytes(rows: Range<Int>) throws(Failure) -> [UInt8] {
        try checkRoom(rows, .max)
        let size = dtype.byteCount
        var out = [UInt8](repeating: 0, count: rows.count * rowCount * size)
        guard !out.isEmpty else { return out }
        let layout = TensorLayout(rows: rows, shape: shape, strides: strides)
        try source.withBytes(in: byteRange(of: layout)) { (bytes: RawSpan) throws(Failure) in
            unsafe out.withUnsafeMutableBytes { unsafe layout.copyRaw(bytes, size: size, into: $0) }
        }
        return out
    }

    /// Calls `body` with rows of the first axis without copying them, when they are float32, contiguous and aligned;
    /// otherwise returns nil.
    public func withContiguousFloats<Result>(
        rows: Range<Int>, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard dtype == .f32, let range = contiguousByteRange(rows: rows) else { return nil }
        return try source.withBytes(in: range) { (bytes: RawSpan) throws(Failure) -> Result? in
            try bytes.withAlignedFloats(body)
        }
    }

    /// The range of rows of the first axis in `source`, when they are row-major without gaps; nil otherwise, or when there
    /// are no such rows.
    public func contiguousByteRange(rows: Range<Int>) -> Range<Int>? {
        guard rows.lowerBound >= 0, rows.upperBound <= self.rows, isContiguous else { return nil }
        let rowBytes = rowCount * dtype.byteCount
        return (byteOffset + rows.lowerBound * rowBytes)..<(byteOffset + rows.upperBound * rowBytes)
    }

    private func checkRoom(_ rows: Range<Int>, _ room: Int) throws(Failure) {
        guard rows.lowerBound >= 0, rows.upperBound <= self.rows else {
            throw Failure(
                source.name,
                "tensor \(name.quoted): rows \(rows.lowerBound)..<\(rows.upperBound) of \(self.rows)")
        }
        guard rows.count * rowCount <= room else {
            throw Failure(
                source.name,
                "tensor \(name.quoted): \(rows.count * rowCount) elements do not fit a buffer of \(room)")
        }
    }

    private func copy<Element: ConvertedElement>(
        _ rows: Range<Int>, into out: inout MutableSpan<Element>
    ) throws(Failure) {
        guard !rows.isEmpty, rowCount > 0 else { return }
        let dtype = dtype
        let layout = TensorLayout(rows: rows, shape: shape, strides: strides)
        let range = byteRange(of: layout)
        let source = source
        try unsafe out.withUnsafeMutableBufferPointer { (target) throws(Failure) in
            try source.withBytes(in: range) { (bytes: RawSpan) throws(Failure) in
                unsafe layout.copy(bytes, dtype, into: target)
            }
        }
        guard !nulls.isEmpty else { return }
        let nulls = nulls.map { Element($0) }
        for index in 0..<rows.count * rowCount where nulls.contains(out[index]) { out[index] = .nan }
    }

    private func byteRange(of layout: TensorLayout) -> Range<Int> {
        let start = byteOffset + layout.firstElement * dtype.byteCount
        return start..<start + layout.extent * dtype.byteCount
    }

    /// The elements start..<start + count of an axis; nil where the axis has no such elements.
    public func slice(axis: Int, from start: Int, count: Int) -> TensorView? {
        guard shape.indices.contains(axis), start >= 0, count >= 0, start <= shape[axis] - count else { return nil }
        var shape = shape
        shape[axis] = count
        return TensorView(
            name: name, dtype: dtype, shape: shape, strides: strides,
            byteOffset: byteOffset + start * strides[axis] * dtype.byteCount, source: source, storedAs: storedAs,
            nulls: nulls)
    }

    /// The same elements with the axes in another order: axis i of the result is `axes[i]`; nil where these are not the
    /// axes, each once.
    public func permuted(_ axes: [Int]) -> TensorView? {
        guard axes.sorted() == Array(shape.indices) else { return nil }
        return TensorView(
            name: name, dtype: dtype, shape: axes.map { shape[$0] }, strides: axes.map { strides[$0] },
            byteOffset: byteOffset, source: source, storedAs: storedAs)
    }

    /// The same elements with an additional first axis of length 1.
    public var asOneRow: TensorView {
        TensorView(
            name: name, dtype: dtype, shape: [1] + shape, strides: [count] + strides, byteOffset: byteOffset,
            source: source, storedAs: storedAs, nulls: nulls)
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
    /// - Parameter storedAs: types of the elements in the file, before they are converted.
    public static func doubles(
        _ name: String, shape: [Int], of file: String, storedAs: [DType] = [],
        _ values: @escaping @Sendable (Range<Int>) throws(Failure) -> [Double]
    ) -> TensorView {
        var view = TensorView(name: name, dtype: .f64, shape: shape, rowsOf: file) { rows throws(Failure) in
            bytes(try values(rows))
        }
        view.storedAs = storedAs
        return view
    }

    static func bytes<Element: BitwiseCopyable>(_ values: [Element]) -> [UInt8] {
        unsafe values.withUnsafeBytes { unsafe Array($0) }
    }
}
