import CKernels

/// Two grouped convolutions with SiLU between them, of any kernel and any groups: each group is a small convolution of
/// its own over a part of the channels, read and written in place.
struct GroupedConvolution: Sendable {
    private let expand: [PackedMatrix]
    private let reduce: [PackedMatrix]
    private let kernel: Int

    init(_ expand: DenseWeights, _ reduce: DenseWeights, groups: Int) {
        self.expand = expand.packedGroups(groups)
        self.reduce = reduce.packedGroups(groups)
        kernel = expand.kernel
    }

    /// Whether it reads a padded copy of the tokens.
    var padsTokens: Bool { kernel > 1 }

    /// x: patch tokens where `layout` says -> out [rows, width]
    func forward(
        _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rows: Int, layout: TokenLayout,
        maps: TokenMaps, scratch: BlockScratch, kernels: Kernels
    ) {
        let width = layout.width
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

/// The same for a 1x1 kernel and groups of four channels, whose number the kernels' lanes divide.
struct QuadConvolution: Sendable {
    let groups: Int
    /// Hidden channels of a group.
    let hidden: Int
    /// [hidden, 4 inputs, groups], [hidden, groups], [hidden, 4 outputs, groups], [4 outputs, groups]
    let expand: FloatBuffer
    let expandBias: FloatBuffer
    let reduce: FloatBuffer
    let reduceBias: FloatBuffer

    /// Nil where the shapes are others.
    init?(_ expand: DenseWeights, _ reduce: DenseWeights, groups: Int) {
        let quad = Int(CAI_QUAD)
        guard expand.kernel == 1, reduce.kernel == 1, expand.inputs == quad, reduce.outputs == quad * groups,
            groups.isMultiple(of: Int(CAI_PANEL)), expand.outputs == reduce.inputs * groups
        else { return nil }
        self.groups = groups
        hidden = reduce.inputs
        self.expand = FloatBuffer(count: hidden * quad * groups)
        expandBias = FloatBuffer(count: hidden * groups)
        self.reduce = FloatBuffer(count: hidden * quad * groups)
        reduceBias = FloatBuffer(count: quad * groups)
        for group in 0..<groups {
            for unit in 0..<hidden {
                expandBias.base[unit * groups + group] = expand.bias[group * hidden + unit]
                for channel in 0..<quad {
                    let place = (unit * quad + channel) * groups + group
                    self.expand.base[place] = expand.weight[(group * hidden + unit) * quad + channel]
                    self.reduce.base[place] = reduce.weight[(group * quad + channel) * hidden + unit]
                }
            }
            for channel in 0..<quad {
                reduceBias.base[channel * groups + group] = reduce.bias[group * quad + channel]
            }
        }
    }
}

extension DenseWeights {
    /// Each group's outputs as a matrix of their own.
    fileprivate func packedGroups(_ groups: Int) -> [PackedMatrix] {
        let reordered = channelsLast()
        let (each, length) = (outputs / groups, inputs * kernel * kernel)
        return (0..<groups).map { group in
            let first = group * each
            return DenseWeights(
                weight: Array(reordered.weight[first * length..<(first + each) * length]),
                bias: Array(bias[first..<first + each]), inputs: inputs, kernel: kernel, operation: operation
            ).packed()
        }
    }
}
