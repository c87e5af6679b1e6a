import Platform

/// `inception_model.magnitude_block`: five magnitudes through five Linear layers, ReLU between them.
///
/// Magnitudes are near 20 and the first layer takes their differences, so its sums cancel: they are computed in
/// float64. The other layers are a stack as in the other branches.
struct MagnitudeBranch: Sendable {
    private let first: NarrowLinear
    private let rest: LinearStack

    static let key = "inception_model.magnitude_block"
    static let rules = CheckpointRules.stack(key, 0, through: 8)

    /// - Parameter features: of the last layer that is run.
    init(_ loader: LayerLoader, bands: Int, features: Int) throws(Failure) {
        let outputs = try loader.outputs(Self.key + ".0", axes: 2)
        first = try loader.narrowLinear(.magnitudes, Self.key + ".0", bands, outputs)
        rest = try LinearStack(
            loader, .magnitudes, Self.key, first: 2, layers: 4, inputs: outputs, outputs: features,
            name: "magnitude_block")
    }

    /// Floats of scratch for one row.
    var scratchCount: Int { first.outputs + rest.scratchCount }

    /// magnitudes [rows, bands] -> out [rows, features], rows `stride` apart.
    func forward(
        _ magnitudes: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, stride: Int, rows: Int,
        _ pass: HeadPass
    ) {
        let (kernels, scratch) = (pass.kernels, pass.scratch)
        kernels.narrow(first, magnitudes, rows: rows, into: scratch)
        pass.stages?.record("magnitude_block.0", scratch, count: rows, first.outputs)
        kernels.relu(scratch, count: rows * first.outputs)
        pass.stages?.record("magnitude_block.1", scratch, count: rows, first.outputs)
        rest.forward(scratch, into: out, stride: stride, rows: rows, pass.with(scratch + rows * first.outputs))
    }
}
