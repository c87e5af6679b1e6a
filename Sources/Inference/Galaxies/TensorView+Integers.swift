import Platform
import TensorFiles

extension TensorView {
    /// The element of each of `rows`, one a row; exact, unlike a Double beyond 2^53.
    /// - Throws: `Failure` for a type that is not an integer, and for any other number of elements a row than one.
    func integers(rows: Range<Int>) throws(Failure) -> [Int] {
        guard !dtype.isFloatingPoint, dtype != .bool, rowCount == 1 else {
            throw Failure(source.name, "tensor '\(name)': expected an integer a row, found \(dtype.rawValue) \(shape)")
        }
        let bytes = try rowMajorBytes(rows: rows)
        let width = dtype.byteCount
        return rows.indices.map { index in
            let start = (index - rows.lowerBound) * width
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
