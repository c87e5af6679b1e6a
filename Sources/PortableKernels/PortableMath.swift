/// exp, GELU and SiLU on one vector, with fits made like those of kernels/bodies/math.inc.

@inline(__always)
private func pow2Split(_ n: Vector, _ f: Vector) -> Vector {
    var p = Vector(repeating: 0x1.41fbbcp-13)
    p = multiplyAdd(p, f, Vector(repeating: 0x1.5f3e52p-10))
    p = multiplyAdd(p, f, Vector(repeating: 0x1.3b2d4cp-7))
    p = multiplyAdd(p, f, Vector(repeating: 0x1.c6aee8p-5))
    p = multiplyAdd(p, f, Vector(repeating: 0x1.ebfbdcp-3))
    p = multiplyAdd(p, f, Vector(repeating: 0x1.62e430p-1))
    p = multiplyAdd(p, f, Vector(repeating: 1))
    // The low bits of this sum are n + 127, an exponent; for NaN they are arbitrary, and the polynomial is NaN.
    let exponent = unsafeBitCast(n + (wholes + 127), to: SIMD8<UInt32>.self) &<< 23
    return p * unsafeBitCast(exponent, to: Vector.self)
}

/// A float so large that it has no fraction: adding it rounds to a whole number.
private let wholes: Float = 0x1.8p+23

/// The nearest whole number, for |x| < 2^22. Without SSE4.1, `rounded()` is a call for each lane.
@inline(__always)
private func round(_ x: Vector) -> Vector { (x + wholes) - wholes }

/// x clamped to [low, high]; NaN stays NaN.
@inline(__always)
private func clamp(_ x: Vector, _ low: Float, _ high: Float) -> Vector {
    x.replacing(with: low, where: x .< low).replacing(with: high, where: x .> high)
}

/// e^x within 1.6 ulp where the result is normal; zero below -88.03, infinity above 88.37; NaN stays NaN.
@inline(__always)
func exponential(_ value: Vector) -> Vector {
    let x = clamp(value, -89, 90)
    let n = clamp(round(x * 0x1.715476p+0), -127, 128)
    // log2(e) in two parts; the upper one has so few bits that multiplying it by a whole number is exact.
    let high: Float = 0x1.62e4p-1
    let low: Float = 0x1.7f7d1cp-20
    let r = (x - n * high) - n * low
    return pow2Split(n, r * 0x1.715476p+0)
}

/// x Phi(x). With t = |x|, erfc(t/sqrt 2) = 2^-(t Q(t)), Q of degree 9: absolute error at most 3.0e-8 + 2 ulp.
@inline(__always)
func gelu(_ x: Vector) -> Vector {
    let magnitude = x.replacing(with: -x, where: x .< 0)
    let t = clamp(magnitude, 0, 15)
    var q = Vector(repeating: 0x1.87bdfcp-27)
    q = multiplyAdd(q, t, Vector(repeating: -0x1.f19e4cp-22))
    q = multiplyAdd(q, t, Vector(repeating: 0x1.f0a6cap-18))
    q = multiplyAdd(q, t, Vector(repeating: -0x1.f14bb2p-15))
    q = multiplyAdd(q, t, Vector(repeating: 0x1.e35f92p-13))
    q = multiplyAdd(q, t, Vector(repeating: 0x1.6c39a6p-14))
    q = multiplyAdd(q, t, Vector(repeating: -0x1.cd64bep-8))
    q = multiplyAdd(q, t, Vector(repeating: 0x1.ae11c6p-5))
    q = multiplyAdd(q, t, Vector(repeating: 0x1.d63964p-2))
    q = multiplyAdd(q, t, Vector(repeating: 0x1.26aee4p+0))
    let y = clamp(-(q * t), -127, 0)
    let n = round(y)
    let tail = pow2Split(n, y - n)
    let twice = (Vector(repeating: 2) - tail).replacing(with: tail, where: x .< 0)
    return (x * 0.5) * twice
}

/// x / (1 + e^-x) within 2.5 ulp where the result is normal.
@inline(__always)
func silu(_ x: Vector) -> Vector { x / (exponential(-x) + 1) }

@inline(__always)
func relu(_ x: Vector) -> Vector { x.replacing(with: 0, where: x .< 0) }
