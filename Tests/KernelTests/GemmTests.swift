import CKernels
import Foundation
import Testing

/// A matrix product in the layout of `cai_gemm`: [rows, inputs] x [inputs, columns], with NaN around the operands.
private struct Product {
    let rows: Int, columns: Int, inputs: Int
    /// Floats between the starts of two rows of A and of C; floats between rows are NaN in A and marked in C.
    var gap = 3
    var a: [Float], weight: [Float], bias: [Float], initial: [Float]

    init(rows: Int, columns: Int, inputs: Int, seed: UInt64) {
        (self.rows, self.columns, self.inputs) = (rows, columns, inputs)
        var noise = Noise(seed)
        a = noise.values(rows * inputs)
        weight = noise.values(columns * inputs)
        bias = noise.values(columns)
        initial = noise.values(rows * columns)
    }

    static let mark: Float = 12345

    /// Panels of [inputs, 16] as kernels.h lays them out.
    var panels: [Float] {
        let count = (columns + 15) / 16
        var packed = [Float](repeating: 0, count: count * inputs * 16)
        for column in 0..<columns {
            for k in 0..<inputs {
                packed[(column / 16 * inputs + k) * 16 + column % 16] = weight[column * inputs + k]
            }
        }
        return packed
    }

    /// Rows `selected` of C, or all of them.
    func run(_ kernels: cai_kernels, _ epilogue: cai_epilogue, rows selected: Range<Int>? = nil) -> [Float] {
        let selected = selected ?? 0..<rows
        let (lda, ldc) = (inputs + gap, columns + gap)
        var spread = [Float](repeating: .nan, count: rows * lda)
        var c = [Float](repeating: Self.mark, count: rows * ldc)
        for row in 0..<rows {
            for k in 0..<inputs { spread[row * lda + k] = a[row * inputs + k] }
            for j in 0..<columns { c[row * ldc + j] = initial[row * columns + j] }
        }
        let padded = bias + [Float](repeating: 0, count: (16 - columns % 16) % 16)
        panels.withUnsafeBufferPointer { panels in
            spread.withUnsafeBufferPointer { spread in
                padded.withUnsafeBufferPointer { bias in
                    c.withUnsafeMutableBufferPointer { c in
                        var call = cai_gemm()
                        (call.rows, call.columns, call.runs, call.run) = (selected.count, columns, 1, inputs)
                        call.a = spread.baseAddress.map { $0 + selected.lowerBound * lda }
                        call.lda = lda
                        call.panels = panels.baseAddress
                        call.bias = bias.baseAddress
                        call.c = c.baseAddress.map { $0 + selected.lowerBound * ldc }
                        call.ldc = ldc
                        call.epilogue = epilogue
                        kernels.gemm(&call)
                    }
                }
            }
        }
        for row in 0..<rows { #expect(c[row * ldc + columns..<(row + 1) * ldc].allSatisfy { $0 == Self.mark }) }
        return selected.flatMap { row in c[row * ldc..<row * ldc + columns] }
    }

    /// The exact result and the tolerance of float32: two roundings a term (one where fused) of partial sums that
    /// are at most the sum of magnitudes, so (2 K + 2) u sum |a b|; the functions' slope is at most 1.13.
    func reference(row: Int, column: Int, _ epilogue: cai_epilogue) -> (value: Double, tolerance: Double) {
        var sum = Double(bias[column])
        var magnitude = abs(sum)
        for k in 0..<inputs {
            let term = Double(a[row * inputs + k]) * Double(weight[column * inputs + k])
            sum += term
            magnitude += abs(term)
        }
        let old = Double(initial[row * columns + column])
        let tolerance = 1.13 * (2 * Double(inputs) + 2) * unitRoundoff * (magnitude + abs(old)) + 6e-8
        switch epilogue {
        case CAI_RELU: return (max(sum, 0), tolerance)
        case CAI_GELU: return (exactGelu(sum), tolerance)
        case CAI_SILU: return (sum / (1 + exp(-sum)), tolerance)
        case CAI_ADD: return (sum + old, tolerance)
        default: return (sum, tolerance)
        }
    }
}

@Suite("Matrix product") struct GemmTests {
    /// Around the tile of 6 rows, the block of 96 and the panel of 16.
    static let rowCounts = [1, 2, 5, 6, 7, 11, 12, 13, 95, 96, 97]
    static let columnCounts = [1, 4, 15, 16, 17, 33]

    @Test("GEMM agrees with float64 for every size around the tiles", arguments: KernelTable.available, rowCounts)
    func matchesFloat64(table: KernelTable, rows: Int) throws {
        let kernels = try table.kernels
        for columns in Self.columnCounts {
            for inputs in [1, 5, 64] {
                let product = Product(rows: rows, columns: columns, inputs: inputs, seed: UInt64(rows * columns))
                for epilogue in [CAI_STORE, CAI_RELU, CAI_GELU, CAI_SILU, CAI_ADD] {
                    let result = product.run(kernels, epilogue)
                    for index in 0..<rows * columns {
                        let expected = product.reference(row: index / columns, column: index % columns, epilogue)
                        #expect(abs(Double(result[index]) - expected.value) <= expected.tolerance)
                    }
                }
            }
        }
    }

    @Test("A row of GEMM has the same bits alone, among others, and beside NaN", arguments: KernelTable.available)
    func rowsAreIndependent(table: KernelTable) throws {
        let kernels = try table.kernels
        var product = Product(rows: 97, columns: 40, inputs: 192, seed: 7)
        let whole = product.run(kernels, CAI_GELU)
        for row in [0, 1, 5, 6, 47, 95, 96] {
            #expect(product.run(kernels, CAI_GELU, rows: row..<row + 1) == Array(whole[row * 40..<(row + 1) * 40]))
        }
        for k in 0..<192 { product.a[3 * 192 + k] = k % 2 == 0 ? .nan : .infinity }
        let poisoned = product.run(kernels, CAI_GELU)
        #expect(poisoned[..<(3 * 40)] == whole[..<(3 * 40)])
        #expect(poisoned[(4 * 40)...] == whole[(4 * 40)...])
        #expect(poisoned[(3 * 40)..<(4 * 40)].allSatisfy { $0.isNaN })
    }

    @Test(
        "GEMM over a table of rows and runs of inputs computes a convolution", arguments: KernelTable.available,
        [1, 3, 5])
    func convolution(table: KernelTable, kernel: Int) throws {
        let kernels = try table.kernels
        let (side, channels, outputs, padding) = (6, 5, 9, (kernel - 1) / 2)
        let padded = side + 2 * padding
        var noise = Noise(UInt64(kernel))
        let inputs = kernel * kernel * channels
        var map = [Float](repeating: 0, count: padded * padded * channels)
        for y in 0..<side {
            for x in 0..<side {
                for c in 0..<channels { map[((y + padding) * padded + x + padding) * channels + c] = noise.next() }
            }
        }
        let product = Product(rows: 1, columns: outputs, inputs: inputs, seed: 3)
        let rows = (0..<side * side).map { Int32(($0 / side * padded + $0 % side) * channels) }
        let runs = (0..<kernel).map { Int32($0 * padded * channels) }
        let targets = (0..<side * side).map { Int32((side * side - 1 - $0) * outputs) }
        var out = [Float](repeating: .nan, count: side * side * outputs)
        let bias = product.bias + [Float](repeating: 0, count: 16 - outputs)
        product.panels.withUnsafeBufferPointer { panels in
            var call = cai_gemm()
            (call.rows, call.columns, call.runs, call.run) = (side * side, outputs, kernel, kernel * channels)
            call.panels = panels.baseAddress
            call.epilogue = CAI_STORE
            map.withUnsafeBufferPointer { map in
                rows.withUnsafeBufferPointer { rows in
                    runs.withUnsafeBufferPointer { runs in
                        targets.withUnsafeBufferPointer { targets in
                            bias.withUnsafeBufferPointer { bias in
                                out.withUnsafeMutableBufferPointer { out in
                                    (call.a, call.a_rows, call.a_runs) = (
                                        map.baseAddress, rows.baseAddress, runs.baseAddress
                                    )
                                    (call.bias, call.c, call.c_rows) = (
                                        bias.baseAddress, out.baseAddress, targets.baseAddress
                                    )
                                    kernels.gemm(&call)
                                }
                            }
                        }
                    }
                }
            }
        }
        for pixel in 0..<side * side {
            for output in 0..<outputs {
                var sum = Double(product.bias[output])
                for tap in 0..<kernel * kernel {
                    for c in 0..<channels {
                        let at = ((pixel / side + tap / kernel) * padded + pixel % side + tap % kernel) * channels + c
                        sum += Double(map[at]) * Double(product.weight[output * inputs + tap * channels + c])
                    }
                }
                let result = out[(side * side - 1 - pixel) * outputs + output]
                #expect(abs(Double(result) - sum) <= (2 * Double(inputs) + 2) * unitRoundoff * Double(inputs + 1))
            }
        }
    }
}
