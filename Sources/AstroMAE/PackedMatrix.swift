import CKernels

/// The weights of a Linear layer or a convolution, laid out once for the kernels: y = W x + b.
struct PackedMatrix: Sendable {
    let outputs: Int
    let inputs: Int
    /// ceil(outputs/16) panels of [inputs, 16]; zero beyond `outputs`.
    let panels: FloatBuffer
    /// Padded to whole panels.
    let bias: FloatBuffer
    /// [outputs, inputs] as OpenBLAS reads it; the panels are empty then.
    let dense: FloatBuffer?

    /// - Parameters:
    ///   - weight: [outputs, inputs]
    ///   - dense: whether the matrix goes to OpenBLAS instead of our own kernels.
    init(weight: [Float], bias: [Float], inputs: Int, dense: Bool) {
        let outputs = bias.count
        let panelWidth = Int(CAI_PANEL)
        let panelCount = (outputs + panelWidth - 1) / panelWidth
        self.outputs = outputs
        self.inputs = inputs
        self.bias = FloatBuffer(count: panelCount * panelWidth)
        for (index, value) in bias.enumerated() { self.bias.base[index] = value }
        panels = FloatBuffer(count: dense ? 0 : panelCount * panelWidth * inputs)
        self.dense = dense ? FloatBuffer(count: outputs * inputs) : nil
        weight.withUnsafeBufferPointer { weight in
            guard let source = weight.baseAddress else { return }
            if let copy = self.dense {
                copy.base.update(from: source, count: outputs * inputs)
                return
            }
            for output in 0..<outputs {
                let row = source + output * inputs
                let column = panels.base + output / panelWidth * panelWidth * inputs + output % panelWidth
                for k in 0..<inputs { column[k * panelWidth] = row[k] }
            }
        }
    }
}

/// A convolution's or Linear layer's weights before packing, float32 as the file gives them (or folded).
struct DenseWeights {
    /// [outputs, inputs, kernel, kernel] flattened; a Linear layer has kernel 1.
    var weight: [Float]
    var bias: [Float]
    let inputs: Int
    let kernel: Int

    var outputs: Int { bias.count }

    /// Reorders the inputs from (channel, row, column) to (row, column, channel), as channels-last maps are read.
    func channelsLast() -> DenseWeights {
        guard kernel > 1 else { return self }
        let taps = kernel * kernel
        var copy = self
        for output in 0..<outputs {
            let start = output * inputs * taps
            for channel in 0..<inputs {
                for tap in 0..<taps {
                    copy.weight[start + tap * inputs + channel] = weight[start + channel * taps + tap]
                }
            }
        }
        return copy
    }

    func packed(dense: Bool = false) -> PackedMatrix {
        PackedMatrix(weight: weight, bias: bias, inputs: inputs * kernel * kernel, dense: dense)
    }
}

/// Scale and shift of a layer normalisation over `width` channels.
struct LayerNorm: Sendable {
    let gamma: FloatBuffer
    let beta: FloatBuffer
    let eps: Float
    var width: Int { gamma.count }

    init(gamma: [Float], beta: [Float], eps: Double) {
        self.gamma = FloatBuffer(count: gamma.count)
        self.beta = FloatBuffer(count: beta.count)
        for (index, value) in gamma.enumerated() { self.gamma.base[index] = value }
        for (index, value) in beta.enumerated() { self.beta.base[index] = value }
        self.eps = Float(eps)
    }
}

/// A Linear layer of so few inputs that its sums can be taken in float64 for nothing: y = W x + b.
struct NarrowLinear: Sendable {
    let inputs: Int
    let outputs: Int
    /// [inputs, outputs]
    let weight: FloatBuffer
    let bias: FloatBuffer

    /// - Parameter weight: [outputs, inputs]
    init(weight: [Float], bias: [Float], inputs: Int) {
        (self.inputs, outputs) = (inputs, bias.count)
        self.weight = FloatBuffer(count: weight.count)
        self.bias = FloatBuffer(count: bias.count)
        for (index, value) in bias.enumerated() { self.bias.base[index] = value }
        for (index, value) in weight.enumerated() {
            self.weight.base[index % inputs * outputs + index / inputs] = value
        }
    }
}
