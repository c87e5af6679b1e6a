import AstroMAE
import CKernels
import Foundation

/// Multi-head self-attention over short sequences.
struct AttentionCase: KernelCase {
    private let count: Int
    private let tokens: Int
    private let heads: Int
    private let dim: Int
    private let qkv: Floats
    private let out: Floats
    private let scratch: Floats

    init(_ shape: Shape) throws {
        (count, tokens) = (try shape["count"], try shape["tokens"])
        (heads, dim) = (try shape["heads"], try shape["dim"])
        var noise = Noise(tokens * dim)
        qkv = Floats(noise.values(count * tokens * 3 * heads * dim).map { $0 * 2 })
        out = Floats(count: count * tokens * heads * dim)
        scratch = Floats(count: cai_attention_scratch(tokens, dim))
    }

    private var scale: Float { 1 / Float(dim).squareRoot() }
    var flops: Int { 4 * count * heads * tokens * tokens * dim }
    var bytes: Int { 4 * (qkv.count + out.count) }
    var elements: Int { count * heads * tokens * tokens }

    func prepare() {}

    func run(_ engine: Engine) {
        var call = cai_attention(
            count: count, tokens: tokens, heads: heads, dim: dim, scale: scale, qkv: qkv.base, out: out.base,
            scratch: scratch.base)
        engine.table.attention(&call)
    }

    /// A score errs by (2 dim + 3) u sum |q k| scale <= that x 4 sqrt(dim); weights sum to one and values are at most
    /// 2; exp and the sums add a few roundings.
    func worstError() -> Double {
        let allowed =
            (2 * Double(dim) + 3) * 4 * Double(dim).squareRoot() * unitRoundoff * 4
            + Double(2 * tokens + 8) * unitRoundoff * 2
        func at(_ n: Int, _ token: Int, _ part: Int, _ h: Int, _ d: Int) -> Double {
            Double(qkv[((n * tokens + token) * 3 + part) * heads * dim + h * dim + d])
        }
        var worst = 0.0
        for index in 0..<count * heads * tokens {
            let (n, h, i) = (index / (heads * tokens), index / tokens % heads, index % tokens)
            let scores = (0..<tokens).map { j in
                (0..<dim).reduce(0.0) { $0 + at(n, i, 0, h, $1) * at(n, j, 1, h, $1) } * Double(scale)
            }
            let largest = scores.max() ?? 0
            let weights = scores.map { exp($0 - largest) }
            let sum = weights.reduce(0, +)
            for d in 0..<dim {
                let exact = (0..<tokens).reduce(0.0) { $0 + weights[$1] / sum * at(n, $1, 2, h, d) }
                let result = Double(out[(n * tokens + i) * heads * dim + h * dim + d])
                worst = max(worst, result.error(from: exact, allowed: allowed))
            }
        }
        return worst
    }
}

/// The parallel convolution module: two grouped 1x1 convolutions with SiLU between them.
struct QuadCase: KernelCase {
    private let rows: Int
    private let groups: Int
    private let hidden: Int
    private let starts: [Int32]
    private let x: Floats
    private let expand: Floats
    private let expandBias: Floats
    private let reduce: Floats
    private let reduceBias: Floats
    private let out: Floats

    init(_ shape: Shape) throws {
        (rows, groups, hidden) = (try shape["rows"], try shape["groups"], try shape["hidden"])
        guard groups % 16 == 0 else { throw shape.refuse("groups=\(groups) is not a multiple of 16") }
        let width = 4 * groups
        starts = (0..<rows).map { Int32($0 * width) }
        var noise = Noise(rows + groups)
        x = Floats(noise.values(rows * width))
        expand = Floats(noise.values(hidden * width))
        expandBias = Floats(noise.values(hidden * groups))
        reduce = Floats(noise.values(hidden * width).map { $0 / 4 })
        reduceBias = Floats(noise.values(width))
        out = Floats(count: rows * width)
    }

    var flops: Int { 16 * rows * groups * hidden }
    var bytes: Int { 4 * (2 * x.count + 2 * expand.count + expandBias.count + reduceBias.count) }
    var elements: Int { rows * groups * hidden }

    func prepare() {}

    func run(_ engine: Engine) {
        starts.withUnsafeBufferPointer { starts in
            var call = cai_quad_convolution(
                rows: rows, groups: groups, hidden: hidden, x: x.base, x_rows: starts.baseAddress,
                expand: expand.base, expand_bias: expandBias.base, reduce: reduce.base, reduce_bias: reduceBias.base,
                out: out.base)
            engine.table.quad_convolution(&call)
        }
    }

    /// A unit's sum has four terms and a bias, all at most 1 in size: 10 u x 5, times SiLU's slope of 1.1, and SiLU's
    /// own 2.5 ulp of at most 5. They are multiplied by weights of at most 1/4, and `hidden` such terms are summed.
    func worstError() -> Double {
        let unitError = 1.1 * 10 * unitRoundoff * 5 + 2.5 * 2 * unitRoundoff * 5
        let terms = Double(hidden) * 5 / 4 + 1
        let allowed = Double(hidden) / 4 * unitError + (2 * Double(hidden) + 2) * unitRoundoff * terms
        var worst = 0.0
        for index in 0..<rows * groups {
            let (row, g) = (index / groups, index % groups)
            var sums = (0..<4).map { Double(reduceBias[$0 * groups + g]) }
            for h in 0..<hidden {
                var unit = Double(expandBias[h * groups + g])
                for i in 0..<4 {
                    unit += Double(x[(row * groups + g) * 4 + i]) * Double(expand[(h * 4 + i) * groups + g])
                }
                unit = Exact.silu(unit)
                for o in 0..<4 { sums[o] += unit * Double(reduce[(h * 4 + o) * groups + g]) }
            }
            for o in 0..<4 {
                worst = max(
                    worst, Double(out[(row * groups + g) * 4 + o]).error(from: sums[o], allowed: allowed))
            }
        }
        return worst
    }
}

/// Layer normalisation over rows.
struct LayerNormCase: KernelCase {
    private let rows: Int
    private let width: Int
    private let x: Floats
    private let gamma: Floats
    private let beta: Floats
    private let out: Floats

    init(_ shape: Shape) throws {
        (rows, width) = (try shape["rows"], try shape["width"])
        var noise = Noise(width)
        x = Floats(noise.values(rows * width).map { $0 * 4 + 1 })
        (gamma, beta) = (Floats(noise.values(width)), Floats(noise.values(width)))
        out = Floats(count: rows * width)
    }

    var flops: Int { 0 }
    var bytes: Int { 4 * (2 * x.count + 2 * width) }
    var elements: Int { x.count }

    func prepare() {}

    func run(_ engine: Engine) {
        engine.table.layer_norm(x.base, gamma.base, beta.base, 1e-6, out.base, rows, width)
    }

    /// Sums of `width` terms of size at most 5, divided by the deviation.
    func worstError() -> Double {
        var worst = 0.0
        for row in 0..<rows {
            let values = (0..<width).map { Double(x[row * width + $0]) }
            let mean = values.reduce(0, +) / Double(width)
            let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width) + 1e-6
            let allowed = 8 * Double(width + 8) * unitRoundoff * 5 / spread.squareRoot() + 1e-6
            for i in 0..<width {
                let exact = (values[i] - mean) / spread.squareRoot() * Double(gamma[i]) + Double(beta[i])
                worst = max(worst, Double(out[row * width + i]).error(from: exact, allowed: allowed))
            }
        }
        return worst
    }
}
