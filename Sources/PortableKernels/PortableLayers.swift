import CKernels

/// - Parameter narrows: whether the result is bfloat16: see `cai_kernels.layer_norm_bf16`.
func layerNorm(
    _ x: UnsafePointer<Float>, _ gamma: UnsafePointer<Float>, _ beta: UnsafePointer<Float>, _ eps: Float,
    _ out: UnsafeMutablePointer<Float>, rows: Int, width: Int, narrows: Bool = false
) {
    let whole = width / lanes * lanes
    for row in 0..<rows {
        let (x, out) = (x + row * width, out + row * (narrows ? (width + 1) / 2 : width))
        var sums = Vector.zero
        for i in stride(from: 0, to: whole, by: lanes) { sums += load(x + i) }
        var total = sums.sum()
        for i in whole..<width { total += x[i] }
        let mean = total / Float(width)
        var squares = Vector.zero
        for i in stride(from: 0, to: whole, by: lanes) {
            let d = load(x + i) - mean
            squares = multiplyAdd(d, d, squares)
        }
        var variance = squares.sum()
        for i in whole..<width { variance += (x[i] - mean) * (x[i] - mean) }
        let scale = 1 / (variance / Float(width) + eps).squareRoot()
        for i in stride(from: 0, to: whole, by: lanes) {
            let result = multiplyAdd((load(x + i) - mean) * scale, load(gamma + i), load(beta + i))
            if narrows { storeBfloat16(result, out + i / 2) } else { store(result, out + i) }
        }
        func value(_ i: Int) -> Float { (x[i] - mean) * scale * gamma[i] + beta[i] }
        if narrows {
            for i in stride(from: whole, to: width, by: 2) {
                out[i / 2] = Bfloat16.pair(value(i), i + 1 < width ? value(i + 1) : 0)
            }
        } else {
            for i in whole..<width { out[i] = value(i) }
        }
    }
}

/// - Parameter narrows: whether the result is bfloat16: see `cai_kernels.attention_bf16`.
func attend(_ t: cai_attention, narrows: Bool = false) {
    let width = t.heads * t.dim
    let row = 3 * width
    let panel = Int(CAI_PANEL)
    let padded = (t.tokens + panel - 1) / panel * panel
    let keys: UnsafeMutablePointer<Float> = t.scratch
    let scores = keys + padded * t.dim
    for d in 0..<t.dim {
        for j in t.tokens..<padded { keys[d * padded + j] = 0 }
    }
    for n in 0..<t.count {
        for h in 0..<t.heads {
            let qkv: UnsafePointer<Float> = t.qkv + n * t.tokens * row + h * t.dim
            for j in 0..<t.tokens {
                for d in 0..<t.dim { keys[d * padded + j] = qkv[j * row + width + d] }
            }
            for i in 0..<t.tokens {
                score(qkv + i * row, keys, t, padded, scores)
                softmax(scores, tokens: t.tokens, padded: padded)
                let token = n * t.tokens + i
                guard narrows else {
                    weigh(qkv + 2 * width, by: scores, t, row: row, into: t.out + token * width + h * t.dim)
                    continue
                }
                weigh(qkv + 2 * width, by: scores, t, row: row, into: scores + padded)
                let out: UnsafeMutablePointer<Float> = t.out + token * ((width + 1) / 2)
                for d in 0..<t.dim { setBfloat16(scores[padded + d], out, h * t.dim + d) }
                if width % 2 == 1 { setBfloat16(0, out, width) }
            }
        }
    }
}

private func score(
    _ q: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, _ t: cai_attention, _ padded: Int,
    _ scores: UnsafeMutablePointer<Float>
) {
    for j in stride(from: 0, to: padded, by: lanes) {
        var sum = Vector.zero
        for d in 0..<t.dim { sum = multiplyAdd(Vector(repeating: q[d]), load(keys + d * padded + j), sum) }
        store(sum * t.scale, scores + j)
    }
}

private func softmax(_ scores: UnsafeMutablePointer<Float>, tokens: Int, padded: Int) {
    var maximum = scores[0]
    for j in 1..<max(1, tokens) where scores[j] > maximum { maximum = scores[j] }
    for j in stride(from: 0, to: padded, by: lanes) { store(exponential(load(scores + j) - maximum), scores + j) }
    var sum: Float = 0
    for j in 0..<tokens { sum += scores[j] }
    let scale = 1 / sum
    for j in 0..<tokens { scores[j] *= scale }
}

private func weigh(
    _ values: UnsafePointer<Float>, by scores: UnsafePointer<Float>, _ t: cai_attention, row: Int,
    into out: UnsafeMutablePointer<Float>
) {
    let whole = t.dim / lanes * lanes
    for d in stride(from: 0, to: whole, by: lanes) {
        var sum = Vector.zero
        for j in 0..<t.tokens { sum = multiplyAdd(Vector(repeating: scores[j]), load(values + j * row + d), sum) }
        store(sum, out + d)
    }
    for d in whole..<t.dim {
        var sum: Float = 0
        for j in 0..<t.tokens { sum += scores[j] * values[j * row + d] }
        out[d] = sum
    }
}

func averagePool2(
    _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, height: Int, width: Int, channels: Int
) {
    let row = width * channels
    var out = out
    for y in stride(from: 0, to: height - height % 2, by: 2) {
        for i in stride(from: 0, to: width - width % 2, by: 2) {
            let p = x + y * row + i * channels
            for c in 0..<channels {
                out[c] = ((p[c] + p[channels + c]) + (p[row + c] + p[row + channels + c])) * 0.25
            }
            out += channels
        }
    }
}

func maxPool3(_ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, height: Int, width: Int, channels: Int) {
    var out = out
    for y in 0..<height {
        for i in 0..<width {
            for c in 0..<channels {
                var maximum = -Float.infinity
                for v in max(0, y - 1)...min(height - 1, y + 1) {
                    for u in max(0, i - 1)...min(width - 1, i + 1) {
                        let value = x[(v * width + u) * channels + c]
                        if value > maximum || value != value { maximum = value }
                    }
                }
                out[c] = maximum
            }
            out += channels
        }
    }
}
