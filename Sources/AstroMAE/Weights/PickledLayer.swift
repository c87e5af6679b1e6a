import TensorFiles

/// A layer of torch.nn that this network computes, and what a pickled module has to state of it.
enum PickledLayer: Equatable, Sendable {
    enum Activation: String, Sendable { case relu = "ReLU", gelu = "GELU", silu = "SiLU" }

    case linear
    /// Keeps the size of its map: stride 1, zeros around it.
    case convolution
    /// Of patches that do not overlap.
    case patches
    case layerNorm
    case batchNorm
    case activation(Activation)
    /// Means of 2 x 2 pixels; `halving` counts the cutout's halvings, this one included.
    case averagePool(halving: Int)
    /// Maxima of 3 x 3 pixels around each.
    case maxPool
    /// [N, ...] -> [N, the product].
    case flatten

    /// The class's name, and the others of torch.nn that compute the same in inference.
    var classNames: [String] {
        switch self {
        case .linear: ["Linear", "NonDynamicallyQuantizableLinear"]
        case .convolution, .patches: ["Conv2d"]
        case .layerNorm: ["LayerNorm"]
        case .batchNorm: ["BatchNorm2d", "SyncBatchNorm"]
        case .activation(.relu): ["ReLU", "LeakyReLU", "ELU", "Threshold"]
        case .activation(.gelu): ["GELU"]
        case .activation(.silu): ["SiLU"]
        case .averagePool: ["AvgPool2d", "AdaptiveAvgPool2d"]
        case .maxPool: ["MaxPool2d"]
        case .flatten: ["Flatten"]
        }
    }

    var className: String { classNames[0] }

    /// Whether its tensors are in a checkpoint.
    var hasTensors: Bool {
        switch self {
        case .linear, .convolution, .patches, .layerNorm, .batchNorm: true
        default: false
        }
    }

    /// Attributes of the class `found` that would make it another layer: `has padding 2, expected 0`; nil for this layer.
    /// An attribute that is absent is one of another version of PyTorch.
    /// - Parameters:
    ///   - kernel: a side of a convolution's kernel.
    ///   - imageSize: pixels along a side of a cutout.
    func mismatch(
        _ found: String, _ attributes: [String: Attribute], kernel: Int, patchSize: Int, imageSize: Int
    ) -> String? {
        func differs(_ name: String, _ expected: Attribute...) -> String? {
            guard let value = attributes[name], !expected.contains(where: value.isEqual) else { return nil }
            return "has \(name) \(value.described), expected \(expected[0].described)"
        }
        switch (self, found) {
        case (.activation(.gelu), "GELU"):
            guard case .string(let kind)? = attributes["approximate"], kind != "none" else { return nil }
            return "is GELU with approximate='\(kind)': expected 'none', the exact function"
        case (_, "LeakyReLU"): return differs("negative_slope", .int(0))
        case (_, "ELU"): return differs("alpha", .int(0))
        case (_, "Threshold"): return differs("threshold", .int(0)) ?? differs("value", .int(0))
        // Maps have even sides, so that `ceil_mode` and, without padding, `count_include_pad` change nothing.
        case (.averagePool, "AvgPool2d"):
            return differs("kernel_size", .int(2)) ?? differs("stride", .int(2)) ?? differs("padding", .int(0))
                ?? differs("divisor_override", .none, .int(4))
        case (.averagePool(let halving), "AdaptiveAvgPool2d"):
            return differs("output_size", .int(imageSize >> halving))
        case (.maxPool, "MaxPool2d"):
            return differs("kernel_size", .int(3)) ?? differs("stride", .int(1)) ?? differs("padding", .int(1))
                ?? differs("dilation", .int(1)) ?? differs("return_indices", .bool(false))
        case (.flatten, "Flatten"):
            return differs("start_dim", .int(1), .int(-3)) ?? differs("end_dim", .int(-1), .int(3))
        case (.patches, _):
            return differs("stride", .int(patchSize)) ?? differs("padding", .int(0), .string("valid"))
                ?? (kernel > 1 ? differs("dilation", .int(1)) : nil)
        case (.convolution, _) where kernel == 1:
            return differs("stride", .int(1)) ?? differs("padding", .int(0), .string("valid"), .string("same"))
        case (.convolution, _):
            return differs("stride", .int(1)) ?? differs("dilation", .int(1))
                ?? differs("padding", .int((kernel - 1) / 2), .string("same"))
                ?? differs("padding_mode", .string("zeros"))
        default: return nil
        }
    }
}

extension Attribute {
    /// Whether it is that value, that number in another type, or the same for both axes.
    fileprivate func isEqual(_ other: Attribute) -> Bool {
        switch (self, other) {
        case (.list(let axes), _): axes.count == 2 && axes.allSatisfy { $0.isEqual(other) }
        case (.double(let value), .int(let expected)): value == Double(expected)
        default: self == other
        }
    }

    /// As Python writes it.
    fileprivate var described: String {
        switch self {
        case .none: "None"
        case .bool(let value): value ? "True" : "False"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let text): "'\(text.prefix(64))'"
        case .list(let items): "(" + items.prefix(8).map(\.described).joined(separator: ", ") + ")"
        }
    }
}
