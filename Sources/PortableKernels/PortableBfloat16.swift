import CKernels

private let panelWidth = Int(CAI_PANEL)

/// Words of four bytes of a row of `count` bfloat16.
@inline(__always)
private func words(_ count: Int) -> Int { (count + 1) / 2 }

/// bfloat16, the upper half of a float32: see `cai_kernels.round_bf16`.
public enum Bfloat16 {
    /// The bits of the nearest one, ties to even. Subnormal numbers become zeros, NaN stays NaN.
    @inline(__always)
    public static func rounded(_ x: Float) -> UInt16 {
        let bits = x.bitPattern
        if bits & 0x7fff_ffff > 0x7f80_0000 { return UInt16(bits >> 16) | 0x40 }
        if bits & 0x7f80_0000 == 0 { return UInt16(bits >> 16) & 0x8000 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
    }

    /// A word of two: `first` is in the lower half.
    @inline(__always)
    public static func pair(_ first: Float, _ second: Float) -> Float {
        Float(bitPattern: UInt32(rounded(second)) << 16 | UInt32(rounded(first)))
    }
}

/// `width` floats to `words(width)` words, which may begin at x.
func roundRow(_ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, width: Int) {
    for pair in 0..<words(width) {
        out[pair] = Bfloat16.pair(x[2 * pair], 2 * pair + 1 < width ? x[2 * pair + 1] : 0)
    }
}

/// Eight to four words.
@inline(__always)
func storeBfloat16(_ v: Vector, _ out: UnsafeMutablePointer<Float>) {
    for pair in 0..<lanes / 2 { out[pair] = Bfloat16.pair(v[2 * pair], v[2 * pair + 1]) }
}

/// One, rounded, to a row's element.
@inline(__always)
func setBfloat16(_ x: Float, _ row: UnsafeMutablePointer<Float>, _ index: Int) {
    UnsafeMutableRawPointer(row).storeBytes(
        of: Bfloat16.rounded(x), toByteOffset: index * MemoryLayout<UInt16>.stride, as: UInt16.self)
}

func roundRows(_ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, rows: Int, width: Int) {
    for row in 0..<rows { roundRow(x + row * width, out + row * words(width), width: width) }
}

/// The matrix product of `cai_kernels.gemm_bf16`, by its definition: the reference of the tables in C.
func multiplyBfloat16(_ g: cai_gemm) {
    let pairs = g.runs * g.run
    let isWhole = g.runs > 1 || g.epilogue == CAI_ADD || g.epilogue == CAI_GELU_BF16
    let part = Int(CAI_GEMM_PART)
    let parts = isWhole || pairs <= part ? 1 : (pairs + part - 1) / part
    for row in 0..<g.rows {
        for panel in 0..<(g.columns + panelWidth - 1) / panelWidth {
            var (left, right) = (Vector.zero, Vector.zero)
            var first = 0
            for part in 0..<parts {
                let end = first + (pairs - first) / (parts - part)
                let (l, r) = chain(g, row, panel, first..<end)
                (left, right) = part == 0 ? (l, r) : (flushed(wide(left) + wide(l)), flushed(wide(right) + wide(r)))
                first = end
            }
            finish(g, row, panel, left, right)
        }
    }
}

private typealias Wide = SIMD8<Double>

@inline(__always)
private func wide(_ v: Vector) -> Wide { Wide(v) }

/// Rounds sums of a float32 and a product of two bfloat16 once to float32: in float64 they are exact, or as far from a tie as
/// the exact ones. What is below the smallest normal number, rounded with an unlimited exponent, is zero.
@inline(__always)
private func flushed(_ sum: Wide) -> Vector {
    let limit = 0x1p-126 - 0x1p-151
    return Vector(sum.replacing(with: sum * 0, where: (sum .< limit) .& (sum .> -limit)))
}

/// The first or the second of each pair; subnormal ones are zeros.
@inline(__always)
private func operand(_ pairs: SIMD8<UInt32>, _ half: Int) -> Wide {
    let bits = half == 1 ? pairs & 0xffff_0000 : pairs &<< 16
    let isSmall = bits & 0x7f80_0000 .== 0
    return wide(unsafeBitCast(bits.replacing(with: bits & 0x8000_0000, where: isSmall), to: Vector.self))
}

/// The sums of a row and a panel over `pairs`, from zero.
private func chain(_ g: cai_gemm, _ row: Int, _ panel: Int, _ pairs: Range<Int>) -> (Vector, Vector) {
    let a = g.a + (g.a_rows.map { Int($0[row]) } ?? row * g.lda)
    let b = UnsafeRawPointer(g.panels + panel * g.runs * g.run * panelWidth)
    let line = panelWidth * MemoryLayout<Float>.stride
    var (left, right) = (Vector.zero, Vector.zero)
    for pair in pairs {
        let x = a[(g.a_runs.map { Int($0[pair / g.run]) } ?? 0) + pair % g.run].bitPattern
        let (low, high) = (
            b.loadUnaligned(fromByteOffset: pair * line, as: SIMD8<UInt32>.self),
            b.loadUnaligned(fromByteOffset: pair * line + line / 2, as: SIMD8<UInt32>.self)
        )
        for half in [1, 0] {
            let factor = operand(SIMD8(repeating: x), half)
            left = flushed(factor * operand(low, half) + wide(left))
            right = flushed(factor * operand(high, half) + wide(right))
        }
    }
    return (left, right)
}

private func finish(_ g: cai_gemm, _ row: Int, _ panel: Int, _ left: Vector, _ right: Vector) {
    let column = panel * panelWidth
    let start = g.c + (g.c_rows.map { Int($0[row]) } ?? row * g.ldc)
    let bias = g.bias + column
    let kind = g.epilogue == CAI_GELU_BF16 ? CAI_GELU : g.epilogue
    let values = (
        flushed(wide(epilogue(flushed(wide(left) + wide(load(bias))), kind))),
        flushed(wide(epilogue(flushed(wide(right) + wide(load(bias + lanes))), kind)))
    )
    func value(_ j: Int) -> Float { j < lanes ? values.0[j] : values.1[j - lanes] }
    let count = min(panelWidth, g.columns - column)
    if g.epilogue == CAI_GELU_BF16 {
        for j in stride(from: 0, to: count, by: 2) {
            start[(column + j) / 2] = Bfloat16.pair(value(j), j + 1 < count ? value(j + 1) : 0)
        }
        return
    }
    for j in 0..<count {
        let c = start + column + j
        c.pointee = g.epilogue == CAI_ADD ? flushed(Wide(repeating: Double(value(j)) + Double(c.pointee)))[0] : value(j)
    }
}
