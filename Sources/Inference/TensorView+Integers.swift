import TensorFiles

extension TensorView {
    /// The first element of each of `rows`, for integer types; exact, where a Double would round past 2^53.
    func integers(rows: Range<Int>) throws(TensorFileError) -> [Int] {
        let bytes = try rowMajorBytes(rows: rows)
        let width = dtype.byteCount
        return rows.indices.map { index in
            let start = (index - rows.lowerBound) * rowCount * width
            let bits = (0..<width).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
            return switch dtype {
            case .u8: Int(UInt8(truncatingIfNeeded: bits))
            case .i8: Int(Int8(truncatingIfNeeded: bits))
            case .i16: Int(Int16(truncatingIfNeeded: bits))
            case .i32: Int(Int32(truncatingIfNeeded: bits))
            default: Int(Int64(truncatingIfNeeded: bits))
            }
        }
    }
}
