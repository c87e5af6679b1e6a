import CKernels

/// Linear layers with ReLUs between them, none at the end: a `Sequential` whose Linears have even indices.
struct LinearStack: Sendable {
    private let layers: [PackedMatrix]
    private let name: String
    private let first: Int
    let outputs: Int
    /// Floats of scratch for one row: two layers' outputs, as they alternate.
    let scratchCount: Int

    /// - Parameters:
    ///   - key: of the `Sequential`; layer i is `key.(first + 2i)`.
    ///   - name: of the stages, as the golden files have them.
    init(
        _ loader: LayerLoader, _ key: String, first: Int = 0, layers count: Int, inputs: Int, outputs: Int,
        name: String, permuted: [Int]? = nil
    ) throws(CheckpointError) {
        (self.name, self.first, self.outputs) = (name, first, outputs)
        var layers: [PackedMatrix] = []
        var width = inputs
        for index in 0..<count {
            let layer = "\(key).\(first + 2 * index)"
            let next = index == count - 1 ? outputs : try loader.outputs(layer, axes: 2)
            if index == 0, let permuted {
                layers.append(try loader.linear(layer, width, next, inputsFrom: permuted))
            } else {
                layers.append(try loader.linear(layer, width, next))
            }
            width = next
        }
        self.layers = layers
        scratchCount = 2 * (layers.dropLast().map(\.outputs).max() ?? 0)
    }

    /// x [rows, inputs] -> out [rows, outputs], rows `stride` apart.
    func forward(
        _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, stride: Int, rows: Int,
        scratch: UnsafeMutablePointer<Float>, kernels: Kernels, stages: StageRecorder?
    ) {
        var input = x
        let half = rows * (scratchCount / 2)
        for (index, layer) in layers.dropLast().enumerated() {
            let output = scratch + index % 2 * half
            if let stages {
                kernels.linear(layer, input, rows: rows, into: output)
                stages.record("\(name).\(first + 2 * index)", output, count: rows, layer.outputs)
                kernels.relu(output, count: rows * layer.outputs)
                stages.record("\(name).\(first + 2 * index + 1)", output, count: rows, layer.outputs)
            } else {
                kernels.linear(layer, input, rows: rows, into: output, CAI_RELU)
            }
            input = UnsafePointer(output)
        }
        guard let last = layers.last else { return }
        kernels.linear(last, input, rows: rows, into: out, stride: stride)
        stages?.record("\(name).\(first + 2 * (layers.count - 1))", out, count: rows, stride: stride, outputs)
    }
}

extension LayerLoader {
    /// A Linear layer whose input i is the file's input `order[i]`: for inputs that lie in another order in memory.
    func linear(
        _ key: String, _ inputs: Int, _ outputs: Int, inputsFrom order: [Int]
    ) throws(CheckpointError) -> PackedMatrix {
        let weight = try checkpoint.take(key + ".weight", [outputs, inputs])
        var permuted = weight
        for output in 0..<outputs {
            for (index, source) in order.enumerated() {
                permuted[output * inputs + index] = weight[output * inputs + source]
            }
        }
        return PackedMatrix(
            weight: permuted, bias: try checkpoint.take(key + ".bias", [outputs]), inputs: inputs, dense: dense)
    }
}
