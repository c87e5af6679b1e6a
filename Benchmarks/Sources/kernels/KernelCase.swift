import AstroMAE
import CKernels

/// What runs a case: a table of kernels, and for products perhaps OpenBLAS in its place.
struct Engine {
    let name: String
    let table: cai_kernels
    let openBLAS: OpenBLAS?
    /// Whose multiply-adds are the peak.
    let instructionSet: InstructionSet
}

/// One kernel at one shape, with operands of its own.
protocol KernelCase {
    /// Two for each multiply-add of products, convolutions and attention.
    var flops: Int { get }
    /// Bytes of the operands, each counted once.
    var bytes: Int { get }
    /// Elements that go through anything else than multiply-adds.
    var elements: Int { get }
    /// Whether OpenBLAS can take the kernel's place.
    var isProduct: Bool { get }

    /// Puts back what `run` overwrites.
    func prepare()
    func run(_ engine: Engine)
    /// The largest error of what `run` left, as a share of the error that is allowed there: at most 1 is right.
    func worstError() -> Double
}

extension KernelCase {
    var isProduct: Bool { false }
}

/// Half a unit in the last place of 1: the relative error of one rounding.
let unitRoundoff = 0x1p-24

extension Double {
    /// How far it is from the exact value, as a share of what is allowed; NaN is infinitely far.
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
