import CKernels
import Platform

/// Linear layers with ReLUs between them, none at the end: a `Sequential` whose Linears have even indices. Where weights
/// have the last Linear merged into the fusion head, the stack ends with the ReLU before it.
struct LinearStack: Sendable {
    private let layers: [PackedMatrix]
    private let name: String
    private let first: Int
    private let endsWithReLU: Bool
    let outputs: Int
    /// Floats of scratch for one row: two layers' outputs, as they alternate.
    let scratchCount: Int

    /// - Parameters:
    ///   - key: of the `Sequential`; layer i is `key.(first + 2i)`.
    ///   - layers: as trained, with the one that may be merged.
    ///   - outputs: of the last layer that runs.
    ///   - name: of the stages, as the golden files have them.
    init(
        _ loader: LayerLoader, _ key: String, first: Int = 0, layers trained: Int, inputs: Int, outputs: Int,
        name: String, permuted: [Int]? = nil
    ) throws(Failure) {
        (self.name, self.first, self.outputs) = (name, first, outputs)
        endsWithReLU = loader.checkpoint.linearLayout == .merged
        let count = endsWithReLU ? trained - 1 : trained
        var layers: [PackedMatrix] = []
        var width = inputs
        for index in 0..<count {
            let layer = "\(key).\(first + 2 * index)"
            let next = index == count - 1 ? outputs : try loader.outputs(layer, axes: 2)
            layers.append(try loader.linear(layer, width, next, inputsFrom: index == 0 ? permuted : nil))
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
            kernels.linearReLU(
                layer, input, rows: rows, into: output, of: name, index: first + 2 * index, stages: stages)
            input = UnsafePointer(output)
        }
        guard let last = layers.last else { return }
        let index = first + 2 * (layers.count - 1)
        if endsWithReLU {
            kernels.linearReLU(
                last, input, rows: rows, into: out, stride: stride, of: name, index: index, stages: stages)
        } else {
            kernels.linear(last, input, rows: rows, into: out, stride: stride)
            stages?.record("\(name).\(index)", out, count: rows, stride: stride, outputs)
        }
    }
}

extension Kernels {
    /// A Linear layer and the ReLU that follows it in the `Sequential` called `name`: in one, or apart and both
    /// recorded, under the Linear's index and the next, when stages are.
    /// x [rows, inputs] -> out [rows, outputs], rows `stride` apart.
    func linearReLU(
        _ layer: PackedMatrix, _ x: UnsafePointer<Float>, rows: Int, into out: UnsafeMutablePointer<Float>,
        stride: Int? = nil, of name: String, index: Int, stages: StageRecorder?
    ) {
        guard let stages else {
            linear(layer, x, rows: rows, into: out, stride: stride, CAI_RELU)
            return
        }
        let (width, stride) = (layer.outputs, stride ?? layer.outputs)
        linear(layer, x, rows: rows, into: out, stride: stride)
        stages.record("\(name).\(index)", out, count: rows, stride: stride, width)
        for row in 0..<rows { relu(out + row * stride, count: width) }
        stages.record("\(name).\(index + 1)", out, count: rows, stride: stride, width)
    }
}
