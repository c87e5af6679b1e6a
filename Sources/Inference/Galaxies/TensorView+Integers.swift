import Platform
import TensorFiles

extension TensorView {
    /// The element of each of `rows`, one a row; exact, unlike a Double beyond 2^53.
    /// - Throws: `Failure` for a type that is not an integer, for any other number of elements a row than one, and for
    ///   unsigned integers beyond 63 bits.
    func integers(rows: Range<Int>) throws(Failure) -> [Int] {
        var integers: [Int] = []
        for (row, bits) in zip(rows, try bits(rows: rows)) {
            guard dtype != .u64 || bits <= UInt64(Int.max) else {
                throw Failure(source.name, "\(name): row \(row): expected at most 63 bits, found \(bits)")
            }
            integers.append(Int(truncatingIfNeeded: bits))
        }
        return integers
    }

    /// The digits of the element of each of `rows`, of any integer type.
    /// - Throws: as `integers`, but for none of 64 bits.
    func digits(rows: Range<Int>) throws(Failure) -> [String] {
        try bits(rows: rows).map { dtype == .u64 ? String($0) : String(Int64(truncatingIfNeeded: $0)) }
    }

    /// The elements, extended to 64 bits by their sign.
    private func bits(rows: Range<Int>) throws(Failure) -> [UInt64] {
        guard !dtype.isFloatingPoint, dtype != .bool, rowCount == 1 else {
            throw Failure(source.name, "tensor '\(name)': expected an integer a row, found \(dtype.rawValue) \(shape)")
        }
        let bytes = try rowMajorBytes(rows: rows)
        let width = dtype.byteCount
        return rows.indices.map { index in
            let start = (index - rows.lowerBound) * width
            let bits = (0..<width).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
            return switch dtype {
            case .i8: UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: bits)))
            case .i16: UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: bits)))
            case .i32: UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: bits)))
            default: bits
            }
        }
    }
}
