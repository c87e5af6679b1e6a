import Platform

/// `concat_block`: the three branches' features side by side, one hidden layer with ReLU, one redshift.
///
/// Where each branch's last Linear layer is merged into the first one here, the features are the branches' hidden layers.
/// The last sum, over the hidden layer, is taken in float64: it costs nothing and its rounding would be the
/// redshift's own.
struct FusionHead: Sendable {
    private let hidden: PackedMatrix
    private let output: NarrowLinear

    private static let key = "concat_block"

    init(_ loader: LayerLoader, _ config: ModelConfig) throws(Failure) {
        let layer = loader.checkpoint.linearLayout == .merged ? MergedLinear.fusion.key : MergedLinear.fusion.outer
        hidden = try loader.linear(layer, config.fusionInputs, config.fusionWidth)
        output = try loader.narrowLinear(Self.key + ".2", config.fusionWidth, 1)
    }

    /// Floats of scratch for one row.
    var scratchCount: Int { hidden.outputs }

    /// fused [rows, fusion inputs] -> redshifts [rows]
    func forward(
        _ fused: UnsafePointer<Float>, into redshifts: UnsafeMutablePointer<Float>, rows: Int,
        scratch: UnsafeMutablePointer<Float>, kernels: Kernels, stages: StageRecorder?
    ) {
        kernels.linearReLU(hidden, fused, rows: rows, into: scratch, of: Self.key, index: 0, stages: stages)
        kernels.narrow(output, scratch, rows: rows, into: redshifts)
    }
}
