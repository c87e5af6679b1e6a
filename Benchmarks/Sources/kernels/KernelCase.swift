import AstroMAE
import CKernels

/// The engine of a case: a table of kernels, or OpenBLAS for matrix products.
struct Engine {
    let name: String
    let table: cai_kernels
    let openBLAS: OpenBLAS?
    /// The instruction set whose attainable peak applies.
    let instructionSet: InstructionSet
}

/// One kernel at one shape, and its operands.
protocol KernelCase {
    /// Two for each multiply-add of matrix products, convolutions and attention.
    var flops: Int { get }
    /// Bytes of the operands, each counted once.
    var bytes: Int { get }
    /// Elements of all operations other than multiply-adds.
    var elements: Int { get }
    /// Whether OpenBLAS can replace the kernel.
    var isProduct: Bool { get }

    /// Restores the operands that `run` overwrites.
    func prepare()
    func run(_ engine: Engine)
    /// The largest error of the results of `run`, as a share of the tolerance: at most 1 is correct.
    func worstError() -> Double
}

extension KernelCase {
    var isProduct: Bool { false }
}

/// Half a unit in the last place of 1: the relative error of one rounding.
let unitRoundoff = 0x1p-24

extension Double {
    /// The error as a share of the tolerance; infinite for NaN.
    func error(from exact: Double, allowed: Double) -> Double {
        let share = abs(self - exact) / allowed
        return share.isNaN ? .infinity : share
    }
}

extension Shape {
    func makeCase() throws -> any KernelCase {
        switch kernel {
        case "gemm", "patches", "convolution": return try ProductCase(self)
        case "attention": return try AttentionCase(self)
        case "quads": return try QuadCase(self)
        case "narrow": return try NarrowCase(self)
        case "layer_norm": return try LayerNormCase(self)
        case "average_pool", "max_pool", "mean_rows": return try PoolingCase(self)
        default:
            guard let function = ElementwiseCase.Function(rawValue: kernel) else {
                throw refuse("'\(kernel)' is no kernel")
            }
            return try ElementwiseCase(self, function)
        }
    }
}
