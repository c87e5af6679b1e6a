/// A tensor in a file: its name, type and layout, and where its bytes lie. Nothing is read until it is asked for.
public struct TensorView: Sendable {
    /// Dotted name, as PyTorch's `state_dict` spells it.
    public let name: String
    public let dtype: DType
    /// Elements along each axis; empty for a scalar.
    public let shape: [Int]
    /// Steps along each axis, in elements.
    public let strides: [Int]
    /// Byte offset of element [0, 0, ...] in `source`.
    public let byteOffset: Int
    public let source: any ByteSource

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// Elements of one step along the first axis (1 for a scalar or a vector).
    public var rowCount: Int { shape.dropFirst().reduce(1, *) }

    /// Copies rows of the first axis, converted to float32, in row-major order whatever the strides.
    public func copyFloats(rows: Range<Int>, into out: inout MutableSpan<Float>) throws(TensorFileError) {
        throw TensorFileError(file: source.name, message: "stub")
    }
    /// Copies rows of the first axis, converted to float64, in row-major order whatever the strides.
    public func copyDoubles(rows: Range<Int>, into out: inout MutableSpan<Double>) throws(TensorFileError) {
        throw TensorFileError(file: source.name, message: "stub")
    }
    /// All elements as float32, row-major.
    public func floats() throws(TensorFileError) -> [Float] { throw TensorFileError(file: source.name, message: "stub") }
    /// All elements as float64, row-major.
    public func doubles() throws(TensorFileError) -> [Double] { throw TensorFileError(file: source.name, message: "stub") }

    /// Calls `body` with rows of the first axis where they lie, when they are float32, contiguous and aligned;
    /// otherwise gives nil and does not call it.
    public func withContiguousFloats<Result>(
        rows: Range<Int>, _ body: (Span<Float>) throws(TensorFileError) -> Result
    ) throws(TensorFileError) -> Result? { nil }
}
