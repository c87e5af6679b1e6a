import CKernels

/// The table of kernels in Swift's own SIMD types: the reference that every instruction set is tested against, and the
/// kernels of every processor without a table in C. Contracts are those of `kernels.h`.
///
/// Unlike the C tables it multiplies and adds in two roundings where the processor's baseline has no fused
/// multiply-add, so its bits differ from theirs; each table reproduces its own.
public let portableKernels = cai_kernels(
    isa: CAI_ISA_PORTABLE,
    bf16: CAI_BF16_WIDENED,
    gemm: { call in
        guard let call else { return }
        multiply(call.pointee)
    },
    gemm_bf16: { call in
        guard let call else { return }
        multiplyBfloat16(call.pointee)
    },
    round_bf16: { x, out, rows, width in
        guard let x, let out else { return }
        roundRows(x, out, rows: rows, width: width)
    },
    quad_convolution: { call in
        guard let call else { return }
        convolveQuads(call.pointee)
    },
    narrow_linear: { x, weight, bias, out, rows, k, n, stride in
        guard let x, let weight, let bias, let out else { return }
        for r in 0..<rows {
            for j in 0..<n {
                var sum = Double(bias[j])
                for i in 0..<k { sum += Double(x[r * k + i]) * Double(weight[i * n + j]) }
                out[r * stride + j] = Float(sum)
            }
        }
    },
    layer_norm: { x, gamma, beta, eps, out, rows, width in
        guard let x, let gamma, let beta, let out else { return }
        layerNorm(x, gamma, beta, eps, out, rows: rows, width: width)
    },
    layer_norm_bf16: { x, gamma, beta, eps, out, rows, width in
        guard let x, let gamma, let beta, let out else { return }
        layerNorm(x, gamma, beta, eps, out, rows: rows, width: width, narrows: true)
    },
    attention: { call in
        guard let call else { return }
        attend(call.pointee)
    },
    attention_bf16: { call in
        guard let call else { return }
        attend(call.pointee, narrows: true)
    },
    gelu: { x, count in mapElements(x, count, gelu) },
    silu: { x, count in mapElements(x, count, silu) },
    relu: { x, count in mapElements(x, count, relu) },
    exp: { x, count in mapElements(x, count, exponential) },
    add: { x, c, count in
        guard let x, let c else { return }
        for i in 0..<count { c[i] = x[i] + c[i] }
    },
    average_pool_2: { x, out, height, width, channels in
        guard let x, let out else { return }
        averagePool2(x, out, height: height, width: width, channels: channels)
    },
    max_pool_3: { x, out, height, width, channels in
        guard let x, let out else { return }
        maxPool3(x, out, height: height, width: width, channels: channels)
    },
    mean_rows: { x, out, rows, width in
        guard let x, let out else { return }
        for w in 0..<width {
            var sum: Float = 0
            for r in 0..<rows { sum += x[r * width + w] }
            out[w] = sum * (1 / Float(rows))
        }
    },
    fma_peak: { iterations, sink in
        guard let sink else { return 0 }
        return multiplyAddPeak(iterations, sink)
    }
)

typealias Vector = SIMD8<Float>
let lanes = 8

@inline(__always)
func load(_ p: UnsafePointer<Float>) -> Vector { UnsafeRawPointer(p).loadUnaligned(as: Vector.self) }

@inline(__always)
func store(_ v: Vector, _ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
}

/// sum + a b, rounded once on processors with an instruction for it.
@inline(__always)
func multiplyAdd(_ a: Vector, _ b: Vector, _ sum: Vector) -> Vector {
    #if arch(arm64)
    return sum.addingProduct(a, b)
    #else
    return a * b + sum
    #endif
}

/// Applies `function` to `count` elements in place; the last few are copied to a separate vector.
@inline(__always)
func mapElements(_ x: UnsafeMutablePointer<Float>?, _ count: Int, _ function: (Vector) -> Vector) {
    guard let x else { return }
    let whole = count / lanes * lanes
    for i in stride(from: 0, to: whole, by: lanes) { store(function(load(x + i)), x + i) }
    guard whole < count else { return }
    var tail = Vector.zero
    for i in whole..<count { tail[i - whole] = x[i] }
    tail = function(tail)
    for i in whole..<count { x[i] = tail[i - whole] }
}
