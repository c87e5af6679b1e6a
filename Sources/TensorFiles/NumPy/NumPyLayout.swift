/// An array as an `.npy` file stores it: a header, then rows without gaps.
struct NumPyLayout {
    let header: [UInt8]
    /// Bytes of a row, which is a step along the first axis.
    let rowSize: Int
    /// Bytes of header and rows.
    let byteCount: Int

    /// Bytes of the shortest header: enough for any number of rows of one or two axes.
    private static let shortestHeader = 128

    /// nil where the number of bytes overflows, or a length is negative.
    init?(_ dtype: DType, shape: [Int]) {
        guard let data = TensorLayout.dense(shape, elementSize: dtype.byteCount)?.byteCount else { return nil }
        header = Self.header(dtype, shape)
        rowSize = shape.dropFirst().reduce(dtype.byteCount, *)
        let (sum, sumOverflow) = data.addingReportingOverflow(header.count)
        guard !sumOverflow else { return nil }
        byteCount = sum
    }

    func offset(ofRow row: Int) -> Int { header.count + row * rowSize }

    static func header(_ dtype: DType, _ shape: [Int]) -> [UInt8] {
        let lengths = shape.map { "\($0)," }.joined(separator: " ")
        let tuple = shape.count == 1 ? lengths : String(lengths.dropLast())
        let text = "{'descr': '\(NumPyElement.descr(dtype))', 'fortran_order': False, 'shape': (\(tuple)), }"
        // A multiple of 64 bytes, the last of them a line feed.
        let size = max(shortestHeader, (10 + text.utf8.count + 1 + 63) / 64 * 64)
        let padded = text + String(repeating: " ", count: size - 11 - text.utf8.count) + "\n"
        let length = size - 10
        return NumPyFile.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(padded.utf8)
    }
}
