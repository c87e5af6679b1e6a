import CKernels

/// The left side of a Linear layer's matrix product, in the precision of the kernels that made it: rows of floats, or rows
/// of bfloat16, of which two are in the four bytes of a float and the last pair of an odd number has a zero.
struct Operand {
    let base: UnsafeMutablePointer<Float>
}

extension Kernels {
    /// Floats of the memory of a row of `width` bfloat16.
    static func pairs(_ width: Int) -> Int { (width + 1) / 2 }

    /// Floats of the memory of an operand's row.
    func floats(ofRow width: Int) -> Int { precision == .bf16 ? Self.pairs(width) : width }

    /// Values as they are multiplied, for a recorder: [rows, width].
    func values(of operand: Operand, rows: Int, width: Int) -> [Float] {
        guard precision == .bf16 else { return Array(UnsafeBufferPointer(start: operand.base, count: rows * width)) }
        return (0..<rows * width).map { index in
            let pair = operand.base[index / width * Self.pairs(width) + index % width / 2].bitPattern
            return Float(bitPattern: index % width % 2 == 0 ? pair << 16 : pair & 0xffff_0000)
        }
    }
}
