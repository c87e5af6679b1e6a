import Platform

/// `concat_block`: the three branches' features side by side, one hidden layer with ReLU, one redshift.
///
/// Merged, the branches' last Linear layers are part of the first one here, and the features are the branches' hidden
/// layers. The last sum, over the hidden layer, is computed in float64: that costs nothing, and
/// its rounding error would be the redshift's.
struct FusionHead: Sendable {
    private let hidden: PackedMatrix
    private let output: NarrowLinear

    private static let key = "concat_block"
    /// The first layer with the branches' last ones merged into it.
    static let merged = MergedLinear(
        key: "merged.concat_block.0", outer: key + ".0",
        inner: ["vit_block.2", InceptionBranch.key + ".12", MagnitudeBranch.key + ".8"])
    static let rules = CheckpointRules(merged: [merged]) + .stack(key, 0, through: 2)

    /// - Parameters:
    ///   - inputs: features of each branch.
    ///   - width: of the hidden layer.
    init(_ loader: LayerLoader, inputs: [Int], width: Int) throws(Failure) {
        hidden =
            try loader.merges
            ? loader.merged(.fusion, Self.merged, inputs, width)
            : loader.linear(.fusion, Self.merged.outer, inputs.reduce(0, +), width)
        output = try loader.narrowLinear(.fusion, Self.key + ".2", width, 1)
    }

    /// Floats of scratch for one row.
    var scratchCount: Int { hidden.outputs }

    /// fused [rows, fusion inputs] -> redshifts [rows]; bf16 overwrites `fused`.
    func forward(
        _ fused: UnsafeMutablePointer<Float>, into redshifts: UnsafeMutablePointer<Float>, rows: Int,
        _ pass: HeadPass
    ) {
        pass.linearReLU(hidden, fused, rows: rows, into: pass.scratch, of: Self.key, index: 0)
        pass.kernels.narrow(output, pass.scratch, rows: rows, into: redshifts)
    }
}
