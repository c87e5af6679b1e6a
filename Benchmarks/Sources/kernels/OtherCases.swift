import AstroMAE
import CKernels
import Foundation

/// A Linear layer with float64 sums.
struct NarrowCase: KernelCase {
    private let rows: Int
    private let inputs: Int
    private let columns: Int
    private let x: Floats
    private let weight: Floats
    private let bias: Floats
    private let out: Floats

    init(_ shape: Shape) throws {
        (rows, inputs, columns) = (try shape["rows"], try shape["inputs"], try shape["columns"])
        var noise = Noise(inputs)
        x = Floats(noise.values(rows * inputs).map { 20 + $0 })
        (weight, bias) = (Floats(noise.values(inputs * columns)), Floats(noise.values(columns)))
        out = Floats(count: rows * columns)
    }

    var flops: Int { 2 * rows * inputs * columns }
    var bytes: Int { 4 * (x.count + weight.count + columns + out.count) }
    var elements: Int { 0 }

    func prepare() {}

    func run(_ engine: Engine) {
        engine.table.narrow_linear(x.base, weight.base, bias.base, out.base, rows, inputs, columns, columns)
    }

    /// One rounding to float32, and those of the float64 sums.
    func worstError() -> Double {
        var worst = 0.0
        for index in 0..<rows * columns {
            let (row, j) = (index / columns, index % columns)
            var sum = Double(bias[j])
            var magnitude = abs(sum)
            for k in 0..<inputs {
                let term = Double(x[row * inputs + k]) * Double(weight[k * columns + j])
                sum += term
                magnitude += abs(term)
            }
            let allowed = unitRoundoff * abs(sum) + Double(2 * inputs + 4) * 0x1p-53 * magnitude
            worst = max(worst, Double(out[index]).error(from: sum, allowed: allowed))
        }
        return worst
    }
}

/// Average and maximum pooling over one channels-last map, and the mean over rows.
struct PoolingCase: KernelCase {
    private let kind: String
    /// Pixels of a side, or rows; channels, or their width.
    private let side: Int
    private let channels: Int
    private let x: Floats
    private let out: Floats

    init(_ shape: Shape) throws {
        kind = shape.kernel
        let isMean = kind == "mean_rows"
        (side, channels) = (try shape[isMean ? "rows" : "side"], try shape[isMean ? "width" : "channels"])
        var noise = Noise(side)
        x = Floats(noise.values((isMean ? side : side * side) * channels))
        out = Floats(count: x.count)
    }

    private var outputCount: Int {
        switch kind {
        case "average_pool": side / 2 * (side / 2) * channels
        case "max_pool": x.count
        default: channels
        }
    }
    var flops: Int { 0 }
    var bytes: Int { 4 * (x.count + outputCount) }
    var elements: Int { x.count }

    func prepare() {}

    func run(_ engine: Engine) {
        switch kind {
        case "average_pool": engine.table.average_pool_2(x.base, out.base, side, side, channels)
        case "max_pool": engine.table.max_pool_3(x.base, out.base, side, side, channels)
        default: engine.table.mean_rows(x.base, out.base, side, channels)
        }
    }

    /// A mean of n values of at most 1 errs by (n + 1) u; a maximum is exact.
    func worstError() -> Double {
        var worst = 0.0
        for index in 0..<outputCount {
            let (pixel, c) = (index / channels, index % channels)
            let exact: Double
            let terms: Int
            switch kind {
            case "average_pool":
                let corner = (pixel / (side / 2) * 2 * side + pixel % (side / 2) * 2) * channels + c
                let four = [0, channels, side * channels, (side + 1) * channels].map { Double(x[corner + $0]) }
                (exact, terms) = (four.reduce(0, +) / 4, 4)
            case "max_pool":
                let (y, i) = (pixel / side, pixel % side)
                var largest = -Float.infinity
                for v in max(0, y - 1)...min(side - 1, y + 1) {
                    for u in max(0, i - 1)...min(side - 1, i + 1) {
                        largest = max(largest, x[(v * side + u) * channels + c])
                    }
                }
                if out[index] != largest { return .infinity }
                continue
            default:
                (exact, terms) = ((0..<side).reduce(0.0) { $0 + Double(x[$1 * channels + c]) } / Double(side), side)
            }
            let allowed = Double(terms + 2) * unitRoundoff
            worst = max(worst, Double(out[index]).error(from: exact, allowed: allowed))
        }
        return worst
    }
}

/// A function of one element at a time, in pixel; `add` takes a second operand.
struct ElementwiseCase: KernelCase {
    enum Function: String { case gelu, silu, relu, exp, add }

    private let function: Function
    private let x: Floats
    private let initial: Floats
    private let other: Floats

    init(_ shape: Shape, _ function: Function) throws {
        self.function = function
        let count = try shape["count"]
        var noise = Noise(count)
        initial = Floats(noise.values(count).map { $0 * 6 })
        other = Floats(function == .add ? noise.values(count) : [])
        x = Floats(count: count)
    }

    var flops: Int { 0 }
    var bytes: Int { 4 * (2 * x.count + other.count) }
    var elements: Int { x.count }

    func prepare() { x.copy(from: initial) }

    func run(_ engine: Engine) {
        switch function {
        case .gelu: engine.table.gelu(x.base, x.count)
        case .silu: engine.table.silu(x.base, x.count)
        case .relu: engine.table.relu(x.base, x.count)
        case .exp: engine.table.exp(x.base, x.count)
        case .add: engine.table.add(other.base, x.base, x.count)
        }
    }

    /// The functions' error bounds, which `elementary` measures over all floats; ReLU is exact, a sum is rounded once.
    func worstError() -> Double {
        var worst = 0.0
        for index in 0..<x.count {
            let value = Double(initial[index])
            let exact: Double
            switch function {
            case .gelu: exact = Exact.gelu(value)
            case .silu: exact = Exact.silu(value)
            case .relu: exact = max(value, 0)
            case .exp: exact = Foundation.exp(value)
            case .add: exact = value + Double(other[index])
            }
            let allowed = 3e-8 + 2.5 * Double(Float(exact).ulp)
            worst = max(worst, Double(x[index]).error(from: exact, allowed: allowed))
        }
        return worst
    }
}
