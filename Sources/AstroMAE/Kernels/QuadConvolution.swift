import CKernels
import Platform

/// Two grouped 1x1 convolutions with SiLU between them, over groups of four channels: see `cai_quad_convolution`.
struct QuadConvolution: Sendable {
    let groups: Int
    /// Hidden channels of a group.
    let hidden: Int
    /// [hidden, 4 inputs, groups], [hidden, groups], [hidden, 4 outputs, groups], [4 outputs, groups]
    let expand: FloatBuffer
    let expandBias: FloatBuffer
    let reduce: FloatBuffer
    let reduceBias: FloatBuffer

    /// Nil for other kernel sizes or groups, and where the kernels' lanes do not divide the number of groups.
    init?(_ expand: DenseWeights, _ reduce: DenseWeights, groups: Int) throws(Failure) {
        let quad = Int(CAI_QUAD)
        guard expand.kernel == 1, reduce.kernel == 1, expand.inputs == quad, reduce.outputs == quad * groups,
            groups.isMultiple(of: Int(CAI_PANEL)), expand.outputs == reduce.inputs * groups
        else { return nil }
        self.groups = groups
        hidden = reduce.inputs
        self.expand = try FloatBuffer(count: hidden * quad * groups)
        expandBias = try FloatBuffer(count: hidden * groups)
        self.reduce = try FloatBuffer(count: hidden * quad * groups)
        reduceBias = try FloatBuffer(count: quad * groups)
        for group in 0..<groups {
            for unit in 0..<hidden {
                expandBias.base[unit * groups + group] = expand.bias[group * hidden + unit]
                for channel in 0..<quad {
                    let index = (unit * quad + channel) * groups + group
                    self.expand.base[index] = expand.weight[(group * hidden + unit) * quad + channel]
                    self.reduce.base[index] = reduce.weight[(group * quad + channel) * hidden + unit]
                }
            }
            for channel in 0..<quad {
                reduceBias.base[channel * groups + group] = reduce.bias[group * quad + channel]
            }
        }
    }
}
