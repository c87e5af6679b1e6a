import CKernels
import Platform

/// width -> hidden, GELU (exact), hidden -> width.
struct Mlp: Sendable {
    private let fc1: PackedMatrix
    private let fc2: PackedMatrix

    init(_ loader: LayerLoader, _ key: String, _ config: BlockConfig) throws(Failure) {
        let (width, hidden) = (config.width, config.mlpWidth)
        fc1 = try loader.linear(.fc1, key + ".fc1", width, hidden)
        fc2 = try loader.linear(.fc2, key + ".fc2", hidden, width)
    }

    /// Units of the hidden layer.
    var hidden: Int { fc1.outputs }

    /// normed [rows, width] -> out [rows, hidden], with GELU.
    func expand(_ normed: Operand, into out: UnsafeMutablePointer<Float>, rows: Int, _ kernels: Kernels) {
        kernels.linear(fc1, normed, rows: rows, into: out, CAI_GELU)
    }

    /// The same as `reduce` reads them, in `out`.
    func expandOperand(
        _ normed: Operand, into out: UnsafeMutablePointer<Float>, rows: Int, _ kernels: Kernels
    ) -> Operand {
        kernels.linearGELU(fc1, normed, rows: rows, into: out)
    }

    /// units [rows, hidden] as `reduce` reads them; in bf16 they replace `units`.
    func operand(_ units: UnsafeMutablePointer<Float>, rows: Int, _ kernels: Kernels) -> Operand {
        kernels.operand(units, rows: rows, width: hidden, of: fc2.operation)
    }

    /// units [rows, hidden] -> out [rows, width]; `epilogue` adds the residual or not.
    func reduce(
        _ units: Operand, into out: UnsafeMutablePointer<Float>, _ epilogue: cai_epilogue, rows: Int,
        _ kernels: Kernels
    ) {
        kernels.linear(fc2, units, rows: rows, into: out, epilogue)
    }
}
