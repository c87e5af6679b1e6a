import Platform
import TensorFiles

/// The weights of a network by their canonical names (`patch_embed.proj.weight`, ...), without the file's wrapping,
/// read strictly: every key has to be known, present, of the right shape and finite.
public final class Checkpoint {
    /// Path or URL, for messages.
    public let name: String
    /// The file's prefix of the canonical names: "", "module.", "model.module.", ...
    public let prefix: String
    /// Whether the file has merged those Linear layers that have nothing between them.
    public let linearLayout: LinearLayout
    let rules: CheckpointRules
    /// The pickled modules of the network, by canonical path; empty for a state dict.
    let modules: [PickledModule]
    private let choice: NetworkChoice
    private let training: TrainingParts
    private let file: TensorFile
    private let tensors: [String: TensorView]
    /// All keys, canonical, sorted.
    public let keys: [String]
    private var used: Set<String> = []
    /// Bytes of the tensors that were claimed; shared bytes count once for each tensor.
    private var takenBytes = 0

    /// The key by which an AstroMAE checkpoint is recognised.
    static let anchor = "patch_embed.proj.weight"

    /// A checkpoint of any network: no merged layers, aliases or unused tensors are known.
    public convenience init(_ file: TensorFile) throws(Failure) {
        try self.init(file, rules: CheckpointRules(), of: nil, network: nil)
    }

    /// - Parameters:
    ///   - kind: the wanted network, if the file has one of each.
    ///   - network: names one of several networks of the file, as errors list them.
    /// - Throws: `Failure` if the file holds no such network, or several whose weights differ and none is named, or if its
    ///   metadata and keys contradict each other about merged layers.
    init(_ file: TensorFile, rules: CheckpointRules, of kind: NetworkKind?, network: String?) throws(Failure) {
        let choice = try NetworkChoice(file, of: kind, named: network)
        name = file.name
        self.file = file
        self.rules = rules
        self.choice = choice
        prefix = choice.prefix
        var tensors: [String: TensorView] = [:]
        for tensor in file.tensors where choice.contains(tensor.name) {
            tensors[String(tensor.name.dropFirst(choice.prefix.count))] = tensor
        }
        self.tensors = tensors
        keys = tensors.keys.sorted()
        training = TrainingParts(of: file, in: choice.name(of: ""))
        let prefix = choice.prefix
        modules = file.modules.filter { choice.contains($0.path + ".") }.map { module in
            PickledModule(module, path: String((module.path + ".").dropFirst(prefix.count).dropLast()))
        }
        linearLayout = try LinearLayout(
            metadata: file.metadata[LinearLayout.metadataKey], merged: rules.merged, has: { tensors[$0] != nil },
            error: { Failure(file.name, $0) })
    }

    /// Whether the file has that key.
    public func has(_ key: String) -> Bool { tensors[key] != nil }

    /// The tensor of a canonical key.
    public subscript(_ key: String) -> TensorView? { tensors[key] }

    /// Shape of a required tensor of `axes` axes.
    func shape(_ key: String, axes: Int) throws(Failure) -> [Int] {
        guard let tensor = tensors[key] else { throw missing(key) }
        guard tensor.shape.count == axes else {
            throw error("'\(key)' has shape \(tensor.shape), expected \(axes) axes")
        }
        return tensor.shape
    }

    /// The elements of `key` as float32; its shape is checked before they are read.
    func take(_ key: String, _ shape: [Int]) throws(Failure) -> [Float] {
        let tensor = try claim(key, shape)
        let values: [Float]
        do { values = try tensor.floats() } catch { throw Failure(name, error.message) }
        try requireFinite(values, key)
        return values
    }

    /// The tensor of `key`. Its shape is checked; its elements are not read.
    func claim(_ key: String, _ shape: [Int]) throws(Failure) -> TensorView {
        guard let tensor = tensors[key] else { throw missing(key) }
        used.insert(key)
        guard tensor.shape == shape else { throw error("'\(key)' has shape \(tensor.shape), expected \(shape)") }
        guard tensor.dtype.isFloatingPoint else {
            throw error("'\(key)' is \(tensor.dtype.rawValue), expected floating-point weights")
        }
        // With strides of zero or shared bytes a small file can describe a large network.
        takenBytes += tensor.count * tensor.dtype.byteCount
        guard takenBytes <= file.inflatedByteCount else {
            throw error("'\(key)' has shape \(tensor.shape): with it the weights have more bytes than the file")
        }
        return tensor
    }

    func requireFinite(_ values: [Float], _ key: String) throws(Failure) {
        try Self.requireFinite(values, key, file: name)
    }

    /// - Parameter first: index of the first value in the tensor.
    static func requireFinite(_ values: [Float], _ key: String, from first: Int = 0, file: String) throws(Failure) {
        guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
        throw Failure(file, "'\(key)' is not finite: element \(first + index) is \(values[index])")
    }

    /// Releases the file's pages, which are loaded again when they are read again.
    func releasePages() { file.releasePages() }

    /// Reads and checks the weights that are never run as strictly as the others.
    func takeKnownExtras() throws(Failure) {
        for key in keys where isKnownExtra(key) && !isAlias(key) {
            guard let tensor = tensors[key], tensor.dtype.isFloatingPoint else { continue }
            _ = try take(key, tensor.shape)
        }
    }

    /// - Throws: `Failure` if a key was not claimed by any layer and is not an exception of the rules.
    func requireAllUsed() throws(Failure) {
        let extra = keys.filter { !used.contains($0) && !isKnownExtra($0) }
        guard let first = extra.first else { return }
        let more = extra.count > 1 ? " and \(extra.count - 1) more" : ""
        throw error("unexpected key '\(first)'\(more): not a part of the network")
    }

    /// The exceptions to a strict load: second names, layers that are never run, and BatchNorm's step counters.
    func isKnownExtra(_ key: String) -> Bool {
        isCounter(key) || rules.unused.contains(key) || rules.aliases.keys.contains { key.isTensor(of: $0) }
            || isOfTraining(key)
    }

    /// Whether a key is a loss's or a metric's, which are not part of the network.
    func isOfTraining(_ key: String) -> Bool { !modules.isEmpty && isOfTraining(path: key.parent) }

    private func isCounter(_ key: String) -> Bool { key.hasSuffix(".num_batches_tracked") }

    /// Whether a key is the second name of a layer that the file has under its first name, too.
    func isAlias(_ key: String) -> Bool {
        rules.aliases.contains { key.isTensor(of: $0.key) && has($0.value + ".weight") }
    }

    /// Attribute of the pickled object at a canonical path, such as `blocks.0.attn`.
    func attribute(_ path: String, _ name: String) -> Attribute? { attributes(path)[name] }

    /// All plain attributes of the pickled object at a canonical path.
    func attributes(_ path: String) -> [String: Attribute] { file.attributes[choice.name(of: path)] ?? [:] }

    /// Class of the pickled object at a canonical path.
    func moduleClass(_ path: String) -> ModuleClass? { file.classes[choice.name(of: path)].map(ModuleClass.init) }

    /// Whether a module is a loss or a metric, or in one, in the root or in containers there.
    func isOfTraining(path: String) -> Bool { training.contains(choice.name(of: path)) }

    /// Numbers of heads that the file states beside its weights, by path and name; empty for pickled modules, which state
    /// their own.
    func headsBeside(isDecoder: Bool) -> [String: Int] {
        guard modules.isEmpty else { return [:] }
        var found: [String: Int] = [:]
        for (path, values) in file.attributes {
            for case (let name, .int(let number)) in values {
                let (key, full) = (name.lowercased(), path.isEmpty ? name : "\(path).\(name)")
                let isHeads = key.contains("heads") || ["nhead", "n_head", "num_head"].contains { key.hasSuffix($0) }
                let isWidth = ["dim", "width", "size", "channel"].contains { key.contains($0) }
                guard isHeads, !isWidth, full.lowercased().contains("decoder") == isDecoder else { continue }
                found[full] = number
            }
        }
        return found
    }

    /// - Throws: `Failure` for layers around a network that the user has not named: see `NetworkChoice`.
    func requireEnclosingModules() throws(Failure) { try choice.requireEnclosingModules(of: file) }

    /// The file's own metadata (safetensors).
    func metadata(_ key: String) -> String? { file.metadata[key] }

    func error(_ message: String) -> Failure { Failure(name, message) }

    private func missing(_ key: String) -> Failure {
        let reason = file.refusals[prefix + key]
        return error("missing key '\(prefix)\(key)': expected by the network, \(reason ?? "not in the file")")
    }
}

extension String {
    fileprivate func isTensor(of layer: String) -> Bool { MergedLinear.tensors(of: layer).contains(self) }
}

extension Checkpoint {
    /// Whether the network runs with merged layers: those of the file, or computed when it is loaded if they have fewer
    /// weights than the layers that they replace. Depends on the shapes alone, so that both have the same bits.
    func mergesLinears() throws(Failure) -> Bool {
        guard linearLayout == .separate else { return true }
        var (merged, replaced) = (0.0, 0.0)
        for layer in rules.merged {
            let outer = try shape(layer.outer + ".weight", axes: 2).map(Double.init)
            replaced += outer[0] * outer[1]
            for key in layer.inner {
                let inner = try shape(key + ".weight", axes: 2).map(Double.init)
                replaced += inner[0] * inner[1]
                merged += outer[0] * inner[1]
            }
        }
        return merged < replaced
    }

    /// How many blocks there are under a key.
    func depth(of blocks: String) -> Int { (0...).first { !has("\(blocks).\($0).norm1.weight") } ?? 0 }

    /// Trainable parameters of the network without class and mask tokens and positions, aliases counted once: the
    /// published count. Merged layers have fewer, or more, than those they replace; the metadata then state it.
    func parameterCount() throws(Failure) -> Int {
        guard linearLayout == .separate else {
            let text = metadata(LinearLayout.parametersKey)
            guard let count = text.flatMap(Int.init), count > 0 else {
                throw error(
                    "metadata '\(LinearLayout.parametersKey)' is \(text.map { "'\($0)'" } ?? "missing"), expected the "
                        + "network's number of parameters before its layers were merged")
            }
            return count
        }
        return keys.reduce(0) { total, key in
            let isStatistic = key.hasSuffix(".running_mean") || key.hasSuffix(".running_var") || isCounter(key)
            let isLeftOut = ["cls_token", "mask_token", "pos_embed", "decoder_pos_embed"].contains(key)
            return total
                + (isStatistic || isAlias(key) || isOfTraining(key) || isLeftOut ? 0 : tensors[key]?.count ?? 0)
        }
    }
}
