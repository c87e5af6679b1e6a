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

    /// normed [rows, width] -> out [rows, width]; `epilogue` adds the residual or not.
    func forward(
        _ normed: Operand, into out: UnsafeMutablePointer<Float>, _ epilogue: cai_epilogue, rows: Int,
        _ pass: BlockPass
    ) {
        let hidden = pass.kernels.linearGELU(fc1, normed, rows: rows, into: pass.scratch.wide)
        pass.kernels.linear(fc2, hidden, rows: rows, into: out, epilogue)
    }
}
