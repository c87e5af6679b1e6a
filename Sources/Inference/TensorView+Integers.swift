import TensorFiles

extension TensorView {
    /// The first element of each of `rows`, for integer types; exact, where a Double would round past 2^53.
    func integers(rows: Range<Int>) throws(TensorFileError) -> [Int] {
        let step = (strides.first ?? 1) * dtype.byteCount
        var values: [Int] = []
        values.reserveCapacity(rows.count)
        for row in rows {
            let start = byteOffset + row * step
            let bits = try source.withBytes(in: start..<start + dtype.byteCount) { bytes throws(TensorFileError) in
                (0..<bytes.byteCount).reduce(UInt64(0)) { bits, index in
                    unsafe bits | UInt64(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)) << UInt64(8 * index)
                }
            }
            switch dtype {
            case .u8: values.append(Int(UInt8(truncatingIfNeeded: bits)))
            case .i8: values.append(Int(Int8(truncatingIfNeeded: bits)))
            case .i16: values.append(Int(Int16(truncatingIfNeeded: bits)))
            case .i32: values.append(Int(Int32(truncatingIfNeeded: bits)))
            default: values.append(Int(Int64(truncatingIfNeeded: bits)))
            }
        }
        return values
    }
}
