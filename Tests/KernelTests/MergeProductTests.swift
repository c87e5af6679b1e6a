import CKernels
import Testing

@Suite("The matrix product that merges Linear layers") struct MergeProductTests {
    /// Numbers whose sums of products need rounding in float64.
    private func values(_ count: Int, seed: UInt64) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 34) * 0x1p-28 + 0x1p-40
        }
    }

    @Test(
        "Each element is one chain of products in increasing k, to the bit",
        arguments: [(1, 1, 1), (3, 255, 7), (4, 256, 8), (31, 257, 9), (32, 600, 20), (5, 1, 17), (32, 0, 3)])
    func bits(rows: Int, inner: Int, columns: Int) throws {
        let (lda, ldc) = (inner + 3, columns + 2)
        let most = Int(CAI_PRODUCT_ROWS)
        let a = values(most * lda, seed: 1).map { Double($0) }
        let b = values(inner * columns, seed: 2)
        var c = [Float](repeating: .nan, count: most * ldc)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    var product = cai_product(
                        rows: rows, inner: inner, columns: columns, a: a.baseAddress, lda: lda, b: b.baseAddress,
                        c: c.baseAddress, ldc: ldc)
                    cai_merge_product(&product)
                }
            }
        }
        for row in 0..<most {
            for column in 0..<ldc {
                var sum = 0.0
                for k in 0..<inner where column < columns { sum += a[row * lda + k] * Double(b[k * columns + column]) }
                let found = c[row * ldc + column]
                let isWritten = row < rows && column < columns
                #expect(isWritten ? found.bitPattern == Float(sum).bitPattern : found.isNaN, "\(row), \(column)")
            }
        }
    }
}
