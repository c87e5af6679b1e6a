/// The class of a pickled module by its full name, and what it is known to do in inference.
struct ModuleClass: Sendable {
    /// `torch.nn.modules.activation.ReLU`
    let fullName: String
    /// Without its module.
    let name: String

    init(_ fullName: String) {
        self.fullName = fullName
        let start = fullName.utf8.lastIndex(of: UInt8(ascii: ".")).map(fullName.utf8.index(after:))
        name = String(fullName[(start ?? fullName.startIndex)...])
    }

    var isTorch: Bool { fullName.hasPrefix("torch.") }

    /// Passes its input on.
    var isIdle: Bool {
        isTorch
            ? Self.idle.contains(name) || name.hasPrefix("Dropout")
            : name == "Identity" || name.hasPrefix("Dropout")
                || ["DropPath", "StochasticDepth", "PatchDropout"].contains(name)
    }

    private static let idle: Set<String> = [
        "Identity", "AlphaDropout", "FeatureAlphaDropout", "ParameterList", "ParameterDict", "BufferList", "BufferDict",
    ]

    /// Changes the shape of its input only, so that every order of elements that fits the layers is the same.
    var isReshaping: Bool { isTorch && (name == "Flatten" || name == "Unflatten") }

    /// Holds modules, which it runs one after another or not at all.
    var isTorchContainer: Bool {
        isTorch && ["Sequential", "ModuleList", "ModuleDict", "DataParallel", "DistributedDataParallel"].contains(name)
    }

    var isSequential: Bool { isTorch && name == "Sequential" }

    /// Compares results with the truth, in training.
    var isLossOrMetric: Bool {
        if isTorch { return fullName.hasPrefix("torch.nn.modules.loss.") }
        return fullName.hasPrefix("torchmetrics.")
            || ["Loss", "Criterion", "Metric", "Metrics"].contains { name.hasSuffix($0) }
    }
}
