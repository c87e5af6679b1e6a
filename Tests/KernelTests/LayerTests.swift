import CKernels
import Foundation
import Testing

@Suite("Layer kernels") struct LayerTests {
    @Test(
        "Layer norm agrees with float64, also in place", arguments: KernelTable.available, [1, 7, 8, 9, 24, 192])
    func layerNorm(table: KernelTable, width: Int) throws {
        let kernels = try table.kernels
        var noise = Noise(UInt64(width))
        let rows = 3
        let x = noise.values(rows * width).map { $0 * 4 + 1 }
        let (gamma, beta) = (noise.values(width), noise.values(width))
        var out = [Float](repeating: .nan, count: x.count)
        kernels.layer_norm(x, gamma, beta, 1e-6, &out, rows, width)
        var same = x
        same.withUnsafeMutableBufferPointer {
            kernels.layer_norm($0.baseAddress, gamma, beta, 1e-6, $0.baseAddress, rows, width)
        }
        #expect(same == out)
        for row in 0..<rows {
            let values = x[row * width..<(row + 1) * width].map(Double.init)
            let mean = values.reduce(0, +) / Double(width)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            for i in 0..<width {
                let normal = (values[i] - mean) / (variance + 1e-6).squareRoot()
                let exact = normal * Double(gamma[i]) + Double(beta[i])
                // Sums of `width` terms of size <= 5, divided by a deviation that may be as small as sqrt(eps).
                let tolerance = 8 * Double(width + 8) * unitRoundoff * 5 / (variance + 1e-6).squareRoot() + 1e-6
                #expect(abs(Double(out[row * width + i]) - exact) <= tolerance)
            }
        }
    }

    @Test(
        "Attention agrees with float64", arguments: KernelTable.available,
        [(1, 8, 1), (5, 8, 2), (16, 64, 1), (17, 64, 3), (17, 7, 3), (33, 20, 1)])
    func attention(table: KernelTable, shape: (tokens: Int, dim: Int, heads: Int)) throws {
        let kernels = try table.kernels
        let (tokens, dim, heads) = shape
        let (count, width) = (2, dim * heads)
        var noise = Noise(UInt64(tokens * dim))
        let qkv = noise.values(count * tokens * 3 * width).map { $0 * 2 }
        let scale = 1 / Float(dim).squareRoot()
        var out = [Float](repeating: .nan, count: count * tokens * width)
        // NaN: the kernel must write scratch before it reads it.
        var scratch = [Float](repeating: .nan, count: cai_attention_scratch(tokens, dim))
        qkv.withUnsafeBufferPointer { qkv in
            out.withUnsafeMutableBufferPointer { out in
                scratch.withUnsafeMutableBufferPointer { scratch in
                    var call = cai_attention(
                        count: count, tokens: tokens, heads: heads, dim: dim, scale: scale, qkv: qkv.baseAddress,
                        out: out.baseAddress, scratch: scratch.baseAddress)
                    kernels.attention(&call)
                }
            }
        }
        func at(_ n: Int, _ token: Int, _ part: Int, _ h: Int, _ d: Int) -> Double {
            Double(qkv[((n * tokens + token) * 3 + part) * width + h * dim + d])
        }
        for n in 0..<count {
            for h in 0..<heads {
                for i in 0..<tokens {
                    let scores = (0..<tokens).map { j in
                        (0..<dim).reduce(0.0) { $0 + at(n, i, 0, h, $1) * at(n, j, 1, h, $1) } * Double(scale)
                    }
                    let largest = scores.max() ?? 0
                    let weights = scores.map { exp($0 - largest) }
                    let sum = weights.reduce(0, +)
                    for d in 0..<dim {
                        let exact = (0..<tokens).reduce(0.0) { $0 + weights[$1] / sum * at(n, $1, 2, h, d) }
                        // A score errs by (2 dim + 3) u sum|q k| scale <= that x 4 sqrt(dim); weights sum to one and
                        // values are at most 2; exp and the sums add a few roundings.
                        let tolerance =
                            (2 * Double(dim) + 3) * 4 * Double(dim).squareRoot() * unitRoundoff * 4
                            + Double(2 * tokens + 8) * unitRoundoff * 2
                        #expect(abs(Double(out[(n * tokens + i) * width + h * dim + d]) - exact) <= tolerance)
                    }
                }
            }
        }
    }

    @Test(
        "Average pooling is the mean of four pixels", arguments: KernelTable.available,
        [(2, 1), (4, 5), (5, 16), (8, 32)])
    func averagePool(table: KernelTable, shape: (side: Int, channels: Int)) throws {
        let kernels = try table.kernels
        let (side, channels) = shape
        var noise = Noise(5)
        let x = noise.values(side * side * channels)
        let half = side / 2
        var out = [Float](repeating: .nan, count: half * half * channels)
        kernels.average_pool_2(x, &out, side, side, channels)
        for index in out.indices {
            let (pixel, c) = (index / channels, index % channels)
            let corner = (pixel / half * 2 * side + pixel % half * 2) * channels + c
            let four = [corner, corner + channels, corner + side * channels, corner + (side + 1) * channels]
            let exact = four.reduce(0.0) { $0 + Double(x[$1]) } / 4
            #expect(abs(Double(out[index]) - exact) <= 4 * unitRoundoff)
        }
    }

    @Test("Maximum pooling pads with -inf and keeps NaN", arguments: KernelTable.available, [1, 2, 5, 8])
    func maxPool(table: KernelTable, side: Int) throws {
        let kernels = try table.kernels
        let channels = 9
        var noise = Noise(9)
        var x = noise.values(side * side * channels).map { $0 - 2 }
        x[channels - 1] = .nan
        var out = [Float](repeating: 0, count: x.count)
        kernels.max_pool_3(x, &out, side, side, channels)
        for index in out.indices {
            let (pixel, c) = (index / channels, index % channels)
            var window: [Float] = []
            for y in max(0, pixel / side - 1)...min(side - 1, pixel / side + 1) {
                for u in max(0, pixel % side - 1)...min(side - 1, pixel % side + 1) {
                    window.append(x[(y * side + u) * channels + c])
                }
            }
            if window.contains(where: \.isNaN) {
                #expect(out[index].isNaN)
            } else {
                #expect(out[index] == window.max())
            }
        }
    }

    @Test("Means over rows and sums in place agree with plain loops", arguments: KernelTable.available)
    func meanAndAdd(table: KernelTable) throws {
        let kernels = try table.kernels
        var noise = Noise(2)
        let x = noise.values(16 * 27)
        var out = [Float](repeating: .nan, count: 27)
        kernels.mean_rows(x, &out, 16, 27)
        for w in 0..<27 {
            let exact = (0..<16).reduce(0.0) { $0 + Double(x[$1 * 27 + w]) } / 16
            #expect(abs(Double(out[w]) - exact) <= 17 * unitRoundoff)
        }
        var sum = x
        kernels.add(x, &sum, x.count)
        #expect(sum == x.map { $0 + $0 })
    }
}
