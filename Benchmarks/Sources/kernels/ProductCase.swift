import AstroMAE
import CKernels
import Foundation

/// A Linear layer, a patch embedding or a convolution: `cai_kernels.gemm`.
struct ProductCase: KernelCase {
    private let rows: Int
    private let columns: Int
    private let inputs: Int
    private let epilogue: cai_epilogue
    /// Starts of the rows, and of the runs within them; empty for Linear layers.
    private let rowStarts: [Int32]
    private let runStarts: [Int32]
    private let a: Floats
    /// [columns, inputs], and packed for the kernels.
    private let weight: Floats
    private let panels: Floats
    private let bias: Floats
    private let initial: Floats
    private let c: Floats

    let isProduct: Bool

    init(_ shape: Shape) throws {
        let read: Int
        columns = try shape["columns"]
        switch shape.kernel {
        case "gemm":
            (rows, inputs) = (try shape["rows"], try shape["inputs"])
            (rowStarts, runStarts, read) = ([], [], rows * inputs)
        case "patches":
            let (count, bands, size) = (try shape["galaxies"], try shape["bands"], try shape["size"])
            let patch = try shape["patch"]
            guard size % patch == 0 else { throw shape.refuse("patches of \(patch) do not fill \(size) pixels") }
            let (grid, image) = (size / patch, bands * size * size)
            (rows, inputs) = (count * grid * grid, bands * patch * patch)
            rowStarts = (0..<rows).map {
                let (galaxy, index) = ($0 / (grid * grid), $0 % (grid * grid))
                return Int32(galaxy * image + (index / grid * size + index % grid) * patch)
            }
            runStarts = (0..<bands * patch).map { row in
                let (band, line): (Int, Int) = (row / patch, row % patch)
                return Int32((band * size + line) * size)
            }
            read = count * image
        default:
            let (side, channels, kernel) = (try shape["side"], try shape["inputs"], try shape["kernel"])
            let padded = side + kernel - 1
            (rows, inputs) = (side * side, kernel * kernel * channels)
            rowStarts = (0..<rows).map { Int32(($0 / side * padded + $0 % side) * channels) }
            runStarts = (0..<kernel).map { Int32($0 * padded * channels) }
            read = padded * padded * channels
        }
        isProduct = rowStarts.isEmpty
        guard let epilogue = Self.epilogues[shape.epilogue] else {
            throw shape.refuse("'\(shape.epilogue)' is no epilogue")
        }
        self.epilogue = epilogue
        var noise = Noise(rows + columns + inputs)
        a = Floats(noise.values(read))
        // Sums of size one, as in a trained layer.
        let scale = 1 / Float(inputs).squareRoot()
        weight = Floats(noise.values(columns * inputs).map { $0 * scale })
        let width = Int(CAI_PANEL)
        let count = (columns + width - 1) / width
        var packed = [Float](repeating: 0, count: count * width * inputs)
        for column in 0..<columns {
            for k in 0..<inputs {
                packed[(column / width * inputs + k) * width + column % width] = weight[column * inputs + k]
            }
        }
        panels = Floats(packed)
        bias = Floats(noise.values(columns) + [Float](repeating: 0, count: count * width - columns))
        initial = Floats(noise.values(rows * columns))
        c = Floats(count: rows * columns)
    }

    private static let epilogues = [
        "store": CAI_STORE, "relu": CAI_RELU, "gelu": CAI_GELU, "silu": CAI_SILU, "add": CAI_ADD,
    ]

    var flops: Int { 2 * rows * columns * inputs }
    var bytes: Int {
        4 * (min(a.count, rows * inputs) + (inputs + 1) * columns + (epilogue == CAI_ADD ? 2 : 1) * rows * columns)
    }
    var elements: Int { epilogue == CAI_STORE ? 0 : rows * columns }

    func prepare() { c.copy(from: initial) }

    func run(_ engine: Engine) {
        guard let openBLAS = engine.openBLAS else {
            multiply(engine.table)
            return
        }
        for row in 0..<rows {
            let line = c.base + row * columns
            if epilogue == CAI_ADD {
                engine.table.add(bias.base, line, columns)
            } else {
                line.update(from: bias.base, count: columns)
            }
        }
        openBLAS.multiplyAdd(
            a.base, weight.base, into: c.base, rows: rows, outputs: columns, inputs: inputs, stride: columns)
        switch epilogue {
        case CAI_RELU: engine.table.relu(c.base, c.count)
        case CAI_GELU: engine.table.gelu(c.base, c.count)
        case CAI_SILU: engine.table.silu(c.base, c.count)
        default: break
        }
    }

    private func multiply(_ table: cai_kernels) {
        rowStarts.withUnsafeBufferPointer { rowStarts in
            runStarts.withUnsafeBufferPointer { runStarts in
                var call = cai_gemm()
                (call.rows, call.columns) = (rows, columns)
                call.runs = max(1, runStarts.count)
                call.run = inputs / call.runs
                call.a = UnsafePointer(a.base)
                call.lda = inputs
                if !isProduct { (call.a_rows, call.a_runs) = (rowStarts.baseAddress, runStarts.baseAddress) }
                call.panels = UnsafePointer(panels.base)
                call.bias = UnsafePointer(bias.base)
                call.c = c.base
                call.ldc = columns
                call.epilogue = epilogue
                table.gemm(&call)
            }
        }
    }

    /// Compared with sums in float64. Two roundings a term (one where fused) of partial sums that are at most the sum
    /// of magnitudes: (2 K + 2) u sum |a b|; the functions' slope is at most 1.13, and their own errors at most 6e-8.
    func worstError() -> Double {
        var transposed = [Double](repeating: 0, count: inputs * columns)
        for k in 0..<inputs {
            for j in 0..<columns { transposed[k * columns + j] = Double(weight[j * inputs + k]) }
        }
        var worst = 0.0
        var sums = [Double](repeating: 0, count: columns)
        var magnitudes = sums
        let run = inputs / max(1, runStarts.count)
        for row in 0..<rows {
            for j in 0..<columns { (sums[j], magnitudes[j]) = (Double(bias[j]), Double(abs(bias[j]))) }
            let start = isProduct ? row * inputs : Int(rowStarts[row])
            for k in 0..<inputs {
                let x = Double(a[start + (isProduct ? k : Int(runStarts[k / run]) + k % run)])
                for j in 0..<columns {
                    let term = x * transposed[k * columns + j]
                    sums[j] += term
                    magnitudes[j] += abs(term)
                }
            }
            for j in 0..<columns {
                let old = Double(initial[row * columns + j])
                let allowed =
                    1.13 * (2 * Double(inputs) + 2) * unitRoundoff * (magnitudes[j] + abs(old)) + 6e-8
                let exact = Exact.epilogue(epilogue, sums[j], old)
                worst = max(worst, Double(c[row * columns + j]).error(from: exact, allowed: allowed))
            }
        }
        return worst
    }
}

/// Functions in float64.
enum Exact {
    static func gelu(_ x: Double) -> Double { 0.5 * x * erfc(-x / 2.0.squareRoot()) }
    static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

    static func epilogue(_ epilogue: cai_epilogue, _ x: Double, _ old: Double) -> Double {
        switch epilogue {
        case CAI_RELU: max(x, 0)
        case CAI_GELU: gelu(x)
        case CAI_SILU: silu(x)
        case CAI_ADD: x + old
        default: x
        }
    }
}
