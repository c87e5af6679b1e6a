import CKernels
import Platform

/// Two grouped convolutions with SiLU between them, of any kernel and any groups: each group is a small convolution of
/// its own over a part of the channels, read and written in place.
struct GroupedConvolution: Sendable {
    private let expand: [PackedMatrix]
    private let reduce: [PackedMatrix]
    private let kernel: Int

    init(_ expand: DenseWeights, _ reduce: DenseWeights, groups: Int) throws(Failure) {
        self.expand = try expand.packedGroups(groups)
        self.reduce = try reduce.packedGroups(groups)
        kernel = expand.kernel
    }

    /// Whether it reads a padded copy of the tokens.
    var padsTokens: Bool { kernel > 1 }

    /// x: patch tokens at the offsets of `layout.tokenRows` -> out [rows, width]
    func forward(
        _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rows: Int, layout: TokenLayout,
        maps: TokenMaps, _ pass: BlockPass
    ) {
        let width = layout.width
        let (kernels, scratch) = (pass.kernels, pass.scratch)
        var (input, inputRows) = (x, layout.tokenRows)
        if padsTokens {
            for row in 0..<rows {
                (scratch.paddedTokens + Int(maps.tokenInterior.base[row]))
                    .update(from: x + Int(layout.tokenRows.base[row]), count: width)
            }
            (input, inputRows) = (UnsafePointer(scratch.paddedTokens), maps.tokenWindows)
        }
        for (group, weights) in expand.enumerated() {
            kernels.convolution(
                weights, input + group * reduce[group].outputs, rows: rows, aRows: inputRows,
                aRuns: maps.tokenTaps, into: scratch.paddedHidden + group * weights.outputs,
                cRows: maps.hiddenInterior, CAI_SILU)
        }
        for (group, weights) in reduce.enumerated() {
            kernels.convolution(
                weights, scratch.paddedHidden + group * expand[group].outputs, rows: rows,
                aRows: maps.hiddenWindows, aRuns: maps.hiddenTaps, into: out + group * weights.outputs,
                stride: width)
        }
    }
}

extension DenseWeights {
    /// Each group's outputs as a matrix of their own.
    fileprivate func packedGroups(_ groups: Int) throws(Failure) -> [PackedMatrix] {
        let reordered = channelsLast()
        let (each, length) = (outputs / groups, inputs * kernel * kernel)
        return try (0..<groups).map { (group) throws(Failure) in
            let first = group * each
            return try DenseWeights(
                weight: Array(reordered.weight[first * length..<(first + each) * length]),
                bias: Array(bias[first..<first + each]), inputs: inputs, kernel: kernel, operation: operation
            ).packed()
        }
    }
}
