import Platform
import TensorFiles

/// The checks of a pickled module beyond the weights. A state dict has no such attributes and is accepted by its keys and
/// shapes; a module whose layers are not this network's is another network.
///
/// What is judged are torch.nn's layers at the paths that are computed, and any that are left over. The `forward` of the
/// authors' own classes is not in a file.
struct ModuleChecks {
    private let checkpoint: Checkpoint
    private let patchSize: Int
    private let imageSize: Int
    private let rules: CheckpointRules
    /// Canonical paths of the modules that have others in them, and these, in order.
    private var children: [String: [String]] = [:]
    /// Modules with tensors of their own in the state dict.
    private let owners: Set<String>

    /// Layers that were compared, by class.
    private(set) var counts: [String: Int] = [:]
    /// Classes whose `forward` is not in the file.
    private(set) var authors: Set<String> = []
    /// Classes other than torch.nn's whose layers are computed like these: `net.Norm as LayerNorm`.
    private(set) var assumptions: Set<String> = []

    /// - Throws: `Failure` that names the first module that is not this network's.
    init(_ checkpoint: Checkpoint, patchSize: Int, imageSize: Int) throws(Failure) {
        (self.checkpoint, self.patchSize, self.imageSize) = (checkpoint, patchSize, imageSize)
        rules = checkpoint.rules
        owners = Set(checkpoint.keys.map(\.parent))
        for module in checkpoint.modules where !module.path.isEmpty {
            children[module.path.parent, default: []].append(module.path)
        }
        try checkpoint.requireEnclosingModules()
        for module in checkpoint.modules where !rules.isIdle(module.path) && !checkpoint.isOfTraining(path: module.path)
        {
            try requireNothingHidden(module)
            try require(module)
        }
    }

    private func error(_ path: String, _ message: String) -> Failure {
        checkpoint.error(
            "'\(path)' \(message); if it changes no redshift, save model.state_dict() in place of the module")
    }

    private mutating func require(_ module: PickledModule) throws(Failure) {
        let path = module.path
        guard let found = checkpoint.moduleClass(path) else { return }
        if rules.isAuthored(path), found.isTorchContainer {
            throw error(path, "is torch.nn's \(found.name), expected a class with a forward of its own")
        }
        if let layer = rules.layer(at: path), !layer.hasTensors || checkpoint.has(path + ".weight") {
            try require(layer, path, found)
        } else if children[path] != nil || found.isTorchContainer || path.isEmpty {
            if found.isSequential { try requireSequence(path) }
            if found.isTorch, found.name == "ModuleList" { try requireAscending(path) }
            if !found.isTorch { authors.insert(found.fullName) }
        } else {
            try requireLeftover(path, found)
        }
    }

    /// A layer that is computed.
    private mutating func require(_ layer: PickledLayer, _ path: String, _ found: ModuleClass) throws(Failure) {
        guard layer.classNames.contains(found.name) || (layer.hasTensors && !found.isTorch) else {
            throw error(path, "is \(found.name), expected \(layer.className)")
        }
        if let mismatch = mismatch(layer, path, found) { throw error(path, mismatch) }
        if found.isTorch {
            counts[found.name, default: 0] += 1
        } else {
            authors.insert(found.fullName)
            assumptions.insert("\(found.fullName) as \(layer.className)")
        }
    }

    private func mismatch(_ layer: PickledLayer, _ path: String, _ found: ModuleClass) -> String? {
        layer.mismatch(
            found.name, checkpoint.attributes(path), kernel: checkpoint[path + ".weight"]?.shape.last ?? 1,
            patchSize: patchSize, imageSize: imageSize)
    }

    /// A module without parts at a path where none is computed.
    private mutating func requireLeftover(_ path: String, _ found: ModuleClass) throws(Failure) {
        // Keys of the state dict are compared with those of the network.
        if found.isIdle || found.isReshaping || owners.contains(path) { return }
        let owner = path.parent
        let isSequential = checkpoint.moduleClass(owner)?.isSequential ?? false
        let isRectified = rules.rectified.contains { owner.hasPrefix($0 + ".") }
        // ReLU of what a ReLU returned; and the ReLU of an author's block of convolution and norm.
        if isRectified, found.isTorch, PickledLayer.activation(.relu).classNames.contains(found.name),
            mismatch(.activation(.relu), path, found) == nil
        {
            counts[found.name, default: 0] += 1
            return
        }
        if found.isTorch, !isSequential {
            // The reference keeps its poolings beside the Sequential that runs them.
            if rules.rectified.contains(where: { $0.parent == owner }), found.name == "AvgPool2d",
                mismatch(.averagePool(halving: 1), path, found) == nil
            {
                return
            }
            if owner.hasSuffix("attn"), found.name == "Softmax", checkpoint.attributes(path)["dim"] == .int(-1) {
                return
            }
            // The same layer under another name, in a class of the authors'.
            for (name, layer) in rules.layers(below: owner)
            where !layer.hasTensors && layer.classNames.contains(found.name) && mismatch(layer, path, found) == nil {
                let siblings = children[owner] ?? []
                let isAlone = siblings.filter { checkpoint.moduleClass($0)?.name == found.name }.count == 1
                if isAlone, !siblings.contains("\(owner).\(name)") {
                    counts[found.name, default: 0] += 1
                    return
                }
            }
        }
        throw error(path, "is \(found.name), expected no layer there")
    }

    /// The modules directly in another, with their names in it.
    private func parts(of path: String) -> [(path: String, name: String)] {
        (children[path] ?? []).map { ($0, String($0.dropFirst(path.isEmpty ? 0 : path.count + 1))) }
    }

    /// A ModuleList gives its parts in their order, whatever their names.
    private func requireAscending(_ path: String) throws(Failure) {
        let numbers = parts(of: path).map { Int($0.name) ?? -1 }
        guard numbers == Array(numbers.indices) else {
            let found = numbers.prefix(8).map(String.init).joined(separator: ", ")
            throw error(path, "is a ModuleList with the parts \(found), expected 0, 1, ... in this order")
        }
    }

    /// A Sequential runs its parts in their order, and nothing else.
    private func requireSequence(_ path: String) throws(Failure) {
        let expected = rules.layers(below: path)
        guard !expected.isEmpty else { return }
        let parts = parts(of: path).filter { checkpoint.moduleClass($0.path)?.isIdle != true }.map(\.name)
        for (name, layer) in expected where !layer.hasTensors && !parts.contains(name) {
            throw error(path, "is a Sequential without '\(name)', expected \(layer.className) there")
        }
        let numbers = parts.compactMap { Int($0) }
        let isInOrder: Bool =
            if numbers.count == parts.count {
                zip(numbers, numbers.dropFirst()).allSatisfy(<)
            } else if parts.contains("conv") {
                parts.count > 2 && Array(parts.prefix(2)) == ["conv", "bn"]
            } else { parts == ["fc1", "act", "fc2"] }
        guard isInOrder else {
            throw error(path, "is a Sequential that runs \(parts.prefix(8).joined(separator: ", ")), another order")
        }
    }

    /// What changes the output of a module and is not a layer.
    private func requireNothingHidden(_ module: PickledModule) throws(Failure) {
        let path = module.path
        if let tensor = module.hiddenTensors.first {
            throw error(path, "has a tensor '\(tensor)' that is not in its state dict, expected none")
        }
        if let hook = module.hooks.first { throw error(path, "has a forward hook, \(hook), expected none") }
        if module.hasOwnForward { throw error(path, "has another forward than its class, expected none") }
        // Few modules have any, and the search for layers below a path compares it with every rule.
        guard !module.callables.isEmpty else { return }
        let (below, owner) = (rules.layers(below: path), path.parent)
        var activation: PickledLayer.Activation? = rules.rectified.contains { owner.hasPrefix($0) } ? .relu : nil
        for case .activation(let known) in below.map(\.layer) { activation = known }
        let isStated = (children[path] ?? []).contains { rules.layer(at: $0)?.isActivation ?? false }
        for (name, callable) in module.callables.sorted(by: { $0.key < $1.key }) {
            let function = ModuleClass(callable)
            let isFunction = function.isTorch && Self.activations.contains(function.name)
            let isClass = callable.hasPrefix("torch.nn.modules.activation.") && !isStated && activation != nil
            guard isFunction || isClass, function.name.lowercased() != activation?.rawValue.lowercased() else {
                continue
            }
            throw error(
                path, "has the function \(callable) as '\(name)', expected \(activation?.rawValue ?? "no activation")")
        }
    }

    /// Functions of torch that are used as activations; softmax is attention's.
    private static let activations: Set<String> = [
        "relu", "relu_", "relu6", "silu", "gelu", "elu", "selu", "celu", "leaky_relu", "prelu", "rrelu", "tanh",
        "sigmoid", "softplus", "softsign", "hardtanh", "hardswish", "hardsigmoid", "logsigmoid", "mish", "exp", "abs",
        "tanhshrink", "softshrink", "hardshrink", "threshold", "glu",
    ]
}

extension PickledLayer {
    fileprivate var isActivation: Bool { if case .activation = self { true } else { false } }
}

extension String {
    /// The path of a module's owner.
    var parent: String { utf8.lastIndex(of: UInt8(ascii: ".")).map { String(self[..<$0]) } ?? "" }
}

extension ModuleChecks {
    /// What was compared, and what no file holds: one line each.
    var lines: [String] {
        guard !checkpoint.modules.isEmpty else {
            return [
                "names, shapes and values of the tensors",
                "not seen: activations, poolings, paddings and forward, which a state dict does not hold",
            ]
        }
        let layers = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return [
            "names, shapes and values of the tensors",
            "class and attributes of \(layers); no other layer, hook or hidden tensor",
            "not seen: forward of \(authors.sorted().prefix(16).joined(separator: ", ")), which is code",
        ]
    }

    func warnings(file: String) -> [String] {
        assumptions.isEmpty
            ? [] : ["\(file): computed without their code: \(assumptions.sorted().prefix(8).joined(separator: ", "))"]
    }
}
