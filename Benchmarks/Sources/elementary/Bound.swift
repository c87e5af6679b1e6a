import AstroMAE
import CKernels
import Foundation

/// A function of one float, and the error bound of its kernels in kernels/bodies/math.inc.
struct Bound: Sendable {
    let name: String
    /// The error may be `ulps` units in the last place of the exact value, plus `slope` times the argument's
    /// size, but no more than `absolute`: results near zero may cancel or be flushed.
    let ulps: Double
    /// The same for kernels that may multiply and add with two roundings (portable).
    let unfusedUlps: Double
    let absolute: Double
    var slope = Double.infinity
    /// Beyond this argument the result may be infinite.
    let overflow: Double
    let exact: @Sendable (Double) -> Double
    let kernel: @Sendable (cai_kernels, UnsafeMutablePointer<Float>, Int) -> Void

    /// The error allowed beyond `ulps`.
    @inline(__always)
    func slack(at argument: Float) -> Double {
        slope.isInfinite ? absolute : min(absolute, slope * abs(Double(argument)))
    }

    func ulps(of set: InstructionSet) -> Double { set == .portable ? unfusedUlps : ulps }

    /// Every function that has a bound.
    static let all = [
        Bound(
            name: "exp", ulps: 1.3, unfusedUlps: 1.6, absolute: 1.3e-38, overflow: 88.37, exact: { exp($0) },
            kernel: { table, x, count in table.exp(x, count) }),
        Bound(
            name: "gelu", ulps: 1, unfusedUlps: 2, absolute: 1.2e-6, slope: 2.3e-7, overflow: .infinity,
            exact: { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) },
            kernel: { table, x, count in table.gelu(x, count) }),
        Bound(
            name: "silu", ulps: 2.5, unfusedUlps: 2.5, absolute: 1.6e-36, overflow: .infinity,
            exact: { $0 / (1 + exp(-$0)) },
            kernel: { table, x, count in table.silu(x, count) }),
    ]
}

/// The largest errors, and their arguments.
struct Extremes: Sendable {
    struct Error: Sendable {
        var size = 0.0
        var argument = Float.nan

        mutating func take(_ other: Error) {
            if other.size > size { self = other }
        }
    }

    /// In units in the last place, over values whose unit is at least the absolute part of the bound.
    var ulps = Error()
    /// Over exact values of at most 1 in size.
    var absolute = Error()
    /// As a share of the bound.
    var share = Error()

    mutating func take(_ other: Extremes) {
        ulps.take(other.ulps)
        absolute.take(other.absolute)
        share.take(other.share)
    }

    /// - Parameters:
    ///   - exact: the function at `argument` in float64.
    ///   - ulps: the bound of these kernels.
    @inline(__always)
    mutating func take(_ result: Float, exact: Double, at argument: Float, _ bound: Bound, ulps allowed: Double) {
        let rounded = Float(exact)
        // 2^-23 of the power of two below, or of the smallest normal number.
        let ulp = Double(Float(bitPattern: max(rounded.bitPattern & 0x7f80_0000, 0x0080_0000))) * 0x1p-23
        // The result of infinity times zero is unspecified.
        if exact.isNaN, argument == -.infinity { return }
        if argument.isNaN {
            if !result.isNaN { share = Error(size: .infinity, argument: argument) }
            return
        }
        if result.isInfinite, result == rounded || exact > 0 && Double(argument) > bound.overflow { return }
        let error = abs(Double(result) - exact)
        // NaN is not smaller than any number.
        let most = bound.slack(at: argument) + allowed * ulp
        if !(error <= share.size * most) {
            let size = error.isNaN ? .infinity : error / most
            share = Error(size: size, argument: argument)
        }
        if abs(exact) <= 1, error > absolute.size { absolute = Error(size: error, argument: argument) }
        if ulp >= bound.absolute, error > ulps.size * ulp { ulps = Error(size: error / ulp, argument: argument) }
    }
}
