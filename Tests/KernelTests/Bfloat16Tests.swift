import CKernels
import PortableKernels
import Testing

/// A product of bfloat16 in the layout of `cai_kernels.gemm_bf16`: [rows, inputs] x [inputs, columns].
private struct Product {
    let rows: Int, columns: Int, inputs: Int
    let a: [Float], weight: [Float], bias: [Float], initial: [Float]

    init(rows: Int, columns: Int, inputs: Int, octaves: Int = 0) {
        (self.rows, self.columns, self.inputs) = (rows, columns, inputs)
        var noise = Noise(UInt64(rows * 1000 + inputs))
        func value() -> Float {
            noise.next() * Float(sign: .plus, exponent: Int(noise.next() * Float(octaves)), significand: 1)
        }
        a = (0..<rows * inputs).map { _ in value() }
        weight = (0..<columns * inputs).map { _ in value() }
        bias = noise.values(columns)
        initial = noise.values(rows * columns)
    }

    private var pairs: Int { (inputs + 1) / 2 }

    private func pair(_ row: ArraySlice<Float>, _ index: Int) -> Float {
        let first = row.startIndex + 2 * index
        return Bfloat16.pair(row[first], first + 1 < row.endIndex ? row[first + 1] : 0)
    }

    func run(_ kernels: cai_kernels, _ epilogue: cai_epilogue) -> [Float] {
        let words = (0..<rows).flatMap { row in
            (0..<pairs).map { pair(a[row * inputs..<(row + 1) * inputs], $0) }
        }
        var panels = [Float](repeating: 0, count: (columns + 15) / 16 * pairs * 16)
        for column in 0..<columns {
            for k in 0..<pairs {
                panels[(column / 16 * pairs + k) * 16 + column % 16] =
                    pair(weight[column * inputs..<(column + 1) * inputs], k)
            }
        }
        let padded = bias + [Float](repeating: 0, count: (16 - columns % 16) % 16)
        var c = initial
        words.withUnsafeBufferPointer { words in
            panels.withUnsafeBufferPointer { panels in
                padded.withUnsafeBufferPointer { bias in
                    c.withUnsafeMutableBufferPointer { c in
                        var call = cai_gemm()
                        (call.rows, call.columns, call.runs, call.run) = (rows, columns, 1, pairs)
                        (call.a, call.lda) = (words.baseAddress, pairs)
                        (call.panels, call.bias) = (panels.baseAddress, bias.baseAddress)
                        (call.c, call.ldc) = (c.baseAddress, epilogue == CAI_GELU_BF16 ? (columns + 1) / 2 : columns)
                        call.epilogue = epilogue
                        kernels.gemm_bf16(&call)
                    }
                }
            }
        }
        return c
    }

    /// The sum with operands as they are before rounding, and the sum of magnitudes.
    func exact(_ row: Int, _ column: Int) -> (sum: Double, magnitude: Double) {
        var (sum, magnitude) = (Double(bias[column]), abs(Double(bias[column])))
        for k in 0..<inputs {
            let term = Double(a[row * inputs + k]) * Double(weight[column * inputs + k])
            sum += term
            magnitude += abs(term)
        }
        return (sum, magnitude)
    }
}

@Suite("bfloat16") struct Bfloat16Tests {
    @Test(
        "A product has the bits of the portable table, the definition, on every instruction set",
        arguments: KernelTable.available.filter(\.isFused), [0, 70, 90])
    func bits(table: KernelTable, octaves: Int) throws {
        for (rows, columns, inputs) in [(1, 1, 1), (7, 33, 40), (13, 17, 41), (3, 17, 2 * Int(CAI_GEMM_PART) + 3)] {
            let product = Product(rows: rows, columns: columns, inputs: inputs, octaves: octaves)
            for epilogue in [CAI_STORE, CAI_RELU, CAI_ADD] {
                let found = product.run(try table.kernels, epilogue)
                let expected = product.run(portableKernels, epilogue)
                #expect(
                    zip(found, expected).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN },
                    "\(rows) x \(columns) x \(inputs), epilogue \(epilogue.rawValue)")
            }
        }
    }

    /// Each operand has a relative error of at most 2^-9, so a term of at most 2^-8 + 2^-18; sums of float32 add two roundings
    /// a term.
    @Test("A product is within the rounding of its operands of float64", arguments: KernelTable.available)
    func tolerance(table: KernelTable) throws {
        let product = Product(rows: 7, columns: 33, inputs: 193)
        let found = product.run(try table.kernels, CAI_STORE)
        var largest = 0.0
        for row in 0..<product.rows {
            for column in 0..<product.columns {
                let (sum, magnitude) = product.exact(row, column)
                let error = abs(Double(found[row * product.columns + column]) - sum)
                let tolerance = 0x1p-8 + 0x1p-18 + Double(2 * product.inputs + 2) * unitRoundoff
                #expect(error <= tolerance * magnitude)
                largest = max(largest, error / magnitude)
            }
        }
        // Operands are rounded: float32 would be within 1e-6.
        #expect(largest > 1e-5)
    }

    @Test("Rounding has the bits of the portable table on every instruction set", arguments: KernelTable.available)
    func rounding(table: KernelTable) throws {
        for width in [1, 2, 15, 16, 17, 193] {
            var values = (0..<3 * width).map { Float(bitPattern: UInt32(truncatingIfNeeded: $0 &* 0x9e37_79b9)) }
            values[0] = .nan
            func rounded(by kernels: cai_kernels) -> [UInt32] {
                var copy = values
                copy.withUnsafeMutableBufferPointer { kernels.round_bf16($0.baseAddress, $0.baseAddress, 3, width) }
                return copy.map(\.bitPattern)
            }
            #expect(rounded(by: try table.kernels) == rounded(by: portableKernels), "width \(width)")
        }
        #expect(Bfloat16.rounded(1 + 0x1p-8) == 0x3f80 && Bfloat16.rounded(1 + 0x1.8p-7) == 0x3f82)
        #expect(Bfloat16.rounded(0x1p-127) == 0 && Bfloat16.rounded(-0x1p-127) == 0x8000)
    }
}
