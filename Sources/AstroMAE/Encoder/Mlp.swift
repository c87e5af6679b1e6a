import CKernels
import Platform

/// width -> hidden, GELU (exact), hidden -> width.
struct Mlp: Sendable {
    private let fc1: PackedMatrix
    private let fc2: PackedMatrix

    init(_ loader: LayerLoader, _ key: String, _ config: BlockConfig) throws(Failure) {
        let (width, hidden) = (config.width, config.mlpWidth)
        fc1 = try loader.linear(key + ".fc1", width, hidden)
        fc2 = try loader.linear(key + ".fc2", hidden, width)
    }

    /// normed [rows, width] -> out [rows, width], with the residual added by `epilogue` or not.
    func forward(
        _ normed: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, _ epilogue: cai_epilogue, rows: Int,
        scratch: BlockScratch, kernels: Kernels
    ) {
        kernels.linear(fc1, normed, rows: rows, into: scratch.wide, CAI_GELU)
        kernels.linear(fc2, scratch.wide, rows: rows, into: out, epilogue)
    }
}
