import Platform

/// `inception_model.magnitude_block`: five magnitudes through five Linear layers, ReLU between them.
///
/// Magnitudes lie near 20 and the first layer takes their differences, so its sums cancel: they are taken in float64.
/// The rest is a stack like the others.
struct MagnitudeBranch: Sendable {
    private let first: NarrowLinear
    private let rest: LinearStack

    static let key = "inception_model.magnitude_block"

    init(_ loader: LayerLoader, _ config: ModelConfig) throws(Failure) {
        let (bands, outputs) = (config.bands, try loader.outputs(Self.key + ".0", axes: 2))
        first = try loader.narrowLinear(Self.key + ".0", bands, outputs)
        rest = try LinearStack(
            loader, Self.key, first: 2, layers: 4, inputs: outputs, outputs: config.magnitudeFeatures,
            name: "magnitude_block")
    }

    /// Floats of scratch for one row.
    var scratchCount: Int { first.outputs + rest.scratchCount }

    /// magnitudes [rows, bands] -> out [rows, magnitudeFeatures], rows `stride` apart.
    func forward(
        _ magnitudes: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, stride: Int, rows: Int,
        scratch: UnsafeMutablePointer<Float>, kernels: Kernels, stages: StageRecorder?
    ) {
        kernels.narrow(first, magnitudes, rows: rows, into: scratch)
        stages?.record("magnitude_block.0", scratch, count: rows, first.outputs)
        kernels.relu(scratch, count: rows * first.outputs)
        stages?.record("magnitude_block.1", scratch, count: rows, first.outputs)
        rest.forward(
            scratch, into: out, stride: stride, rows: rows,
            scratch: scratch + rows * first.outputs, kernels: kernels, stages: stages)
    }
}
