import CKernels

/// `concat_block`: the three branches' features side by side, one hidden layer with ReLU, one redshift.
struct FusionHead: Sendable {
    private let stack: LinearStack

    init(_ loader: LayerLoader) throws(CheckpointError) {
        stack = try LinearStack(
            loader, "concat_block", layers: 2, inputs: loader.config.fusionInputs, outputs: 1, name: "concat_block")
    }

    /// Floats of scratch for one row.
    var scratchCount: Int { stack.scratchCount + 1 }

    /// fused [rows, fusion inputs] -> redshifts [rows]
    func forward(
        _ fused: UnsafePointer<Float>, into redshifts: UnsafeMutablePointer<Float>, rows: Int,
        scratch: UnsafeMutablePointer<Float>, kernels: Kernels, stages: StageRecorder?
    ) {
        let padded = Kernels.paddedRows(rows)
        let out = scratch + padded * stack.scratchCount
        stack.forward(fused, into: out, stride: 1, rows: rows, scratch: scratch, kernels: kernels, stages: stages)
        redshifts.update(from: out, count: rows)
    }
}
