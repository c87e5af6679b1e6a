/// Bytes that can be read by range: a memory-mapped file, a buffer, or (elsewhere) an object in a store.
///
/// A source is read from many threads at once. Reading a range never copies it where the bytes already lie in memory.
public protocol ByteSource: Sendable {
    /// What error messages call it: a path or a URL.
    var name: String { get }
    /// The whole length in bytes.
    var byteCount: Int { get }
    /// Calls `body` with the bytes of `range`, which are valid only inside it.
    /// - Throws: `TensorFileError` when the range lies outside the source or cannot be read, or what `body` throws.
    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(TensorFileError) -> Result
    ) throws(TensorFileError) -> Result
}
