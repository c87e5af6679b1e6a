import CKernels
import Foundation
import Testing

/// x Phi(x) in float64, by erfc so that the negative tail keeps its digits.
func exactGelu(_ x: Double) -> Double { 0.5 * x * erfc(-x / 2.0.squareRoot()) }

@Suite("Elementwise functions") struct ElementwiseTests {
    /// A dense sample of all floats: every 9,973rd bit pattern, without NaN.
    static let sample: [Float] = stride(from: UInt64(0), to: 1 << 32, by: 9973)
        .map { Float(bitPattern: UInt32($0)) }.filter { !$0.isNaN }

    private func unitInLastPlace(_ x: Double) -> Double { Double(Float(x).ulp) }

    private func apply(
        _ function: (UnsafeMutablePointer<Float>?, Int) -> Void, _ values: [Float]
    ) -> [Float] {
        var values = values
        values.withUnsafeMutableBufferPointer { function($0.baseAddress, $0.count) }
        return values
    }

    @Test("exp is within 1.3 ulp (1.6 ulp unfused) between -87.34 and 88.37", arguments: KernelTable.available)
    func exponential(table: KernelTable) throws {
        let kernels = try table.kernels
        var worst = 0.0
        for (x, y) in zip(Self.sample, apply(kernels.exp, Self.sample)) {
            let exact = Foundation.exp(Double(x))
            if x > 88.37 {
                #expect(y == .infinity || x < 88.38)
            } else if x < -87.34 {
                #expect(y >= 0 && Double(y) <= 1.3e-38)
            } else {
                worst = max(worst, abs(Double(y) - exact) / unitInLastPlace(exact))
            }
        }
        #expect(worst <= (table.isFused ? 1.3 : 1.6))
    }

    /// The C kernels divide two polynomials, whose quotient is near 1/2 when it cancels against 1/2: a few roundings of
    /// 3e-8 each, times x.
    @Test("GELU is within 2.3e-7 |x|, 1.2e-6 and 1 ulp over all floats", arguments: KernelTable.available)
    func gelu(table: KernelTable) throws {
        let kernels = try table.kernels
        for (x, y) in zip(Self.sample, apply(kernels.gelu, Self.sample)) {
            if x == -.infinity {
                #expect(y.isNaN)  // -inf x 0, as in PyTorch
            } else {
                let exact = exactGelu(Double(x))
                let error = abs(Double(y) - exact)
                let bound = min(2.3e-7 * abs(Double(x)), 1.2e-6) + unitInLastPlace(exact)
                #expect(y == .infinity && x > 1e38 || error <= bound, "gelu(\(x)) = \(y)")
            }
        }
    }

    @Test("SiLU is within 2.5 ulp if its result is normal", arguments: KernelTable.available)
    func silu(table: KernelTable) throws {
        let kernels = try table.kernels
        for (x, y) in zip(Self.sample, apply(kernels.silu, Self.sample)) where x != -.infinity {
            let exact = Double(x) / (1 + Foundation.exp(-Double(x)))
            if abs(exact) < 1.5e-36 {
                #expect(abs(Double(y)) <= 1.6e-36)
            } else {
                #expect(
                    y == .infinity && x > 1e38 || abs(Double(y) - exact) <= 2.5 * unitInLastPlace(exact),
                    "silu(\(x)) = \(y)")
            }
        }
    }

    @Test("ReLU keeps positive elements and NaN", arguments: KernelTable.available)
    func relu(table: KernelTable) throws {
        let kernels = try table.kernels
        let result = apply(
            kernels.relu,
            [-1, 2, -.infinity, .infinity, .nan, 0, -0.0, Float.leastNonzeroMagnitude, -Float.leastNonzeroMagnitude])
        #expect(result[4].isNaN)
        #expect(
            result.enumerated().filter { $0.offset != 4 }.map(\.element) == [
                0, 2, 0, .infinity, 0, 0, Float.leastNonzeroMagnitude, 0,
            ])
    }

    @Test("NaN stays NaN, and an element's bits do not depend on its index", arguments: KernelTable.available)
    func placeDoesNotMatter(table: KernelTable) throws {
        let kernels = try table.kernels
        for function in [kernels.gelu, kernels.silu, kernels.exp] {
            let function = try #require(function)
            var noise = Noise(11)
            let values = noise.values(37).map { $0 * 6 }
            let whole = apply(function, values)
            for count in 1...17 {
                #expect(apply(function, Array(values.suffix(count))) == Array(whole.suffix(count)))
            }
            #expect(apply(function, [1, .nan, 1]).map(\.isNaN) == [false, true, false])
            #expect(apply(function, []).isEmpty)
        }
    }
}
