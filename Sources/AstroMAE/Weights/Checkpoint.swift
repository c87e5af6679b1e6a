import Platform
import TensorFiles

/// The weights of a network by their canonical names (`patch_embed.proj.weight`, ...), whatever wrapping the file puts
/// around them, read strictly: every key has to be known, present, of the right shape and finite.
public final class Checkpoint {
    /// Path or URL, for messages.
    public let name: String
    /// What stands before the canonical names in the file: "", "module.", "model.module.", ...
    public let prefix: String
    /// Whether the file has merged those Linear layers that have nothing between them.
    public let linearLayout: LinearLayout
    private let file: TensorFile
    private let tensors: [String: TensorView]
    private var used: Set<String> = []
    /// Bytes of the tensors that were taken; bytes that several share count once for each.
    private var takenBytes = 0

    /// The key that every AstroMAE checkpoint has.
    static let anchor = "patch_embed.proj.weight"
    /// Wrappings met in practice, in order of preference when a file holds several copies.
    static let prefixes = ["", "module.", "model.", "model.module.", "state_dict.", "state_dict.module."]

    /// - Throws: `Failure` when the file holds no such network, or several without a known wrapping, or when its
    ///   metadata and keys do not agree on merged layers.
    public init(_ file: TensorFile) throws(Failure) {
        let found = file.tensors.map(\.name).filter { $0 == Self.anchor || $0.hasSuffix("." + Self.anchor) }
            .map { String($0.dropLast(Self.anchor.count)) }
        guard !found.isEmpty else {
            throw Failure(
                file.name, "no AstroMAE network: expected a tensor '\(Self.anchor)', found none")
        }
        guard let prefix = Self.prefixes.first(where: found.contains) ?? (found.count == 1 ? found.first : nil) else {
            throw Failure(
                file.name, "several networks, none under a known name: \(found.joined(separator: ", "))")
        }
        name = file.name
        self.file = file
        self.prefix = prefix
        var tensors: [String: TensorView] = [:]
        for tensor in file.tensors where tensor.name.hasPrefix(prefix) {
            tensors[String(tensor.name.dropFirst(prefix.count))] = tensor
        }
        self.tensors = tensors
        linearLayout = try LinearLayout(
            metadata: file.metadata[LinearLayout.metadataKey], has: { tensors[$0] != nil },
            error: { Failure(file.name, $0) })
    }

    /// Whether the file has that key.
    public func has(_ key: String) -> Bool { tensors[key] != nil }

    /// All keys under `prefix`, canonical, sorted.
    public var keys: [String] { tensors.keys.sorted() }

    /// The tensor behind a canonical key.
    public subscript(_ key: String) -> TensorView? { tensors[key] }

    /// Shape of a tensor that has to be there, with that many axes.
    func shape(_ key: String, axes: Int) throws(Failure) -> [Int] {
        guard let tensor = tensors[key] else { throw missing(key) }
        guard tensor.shape.count == axes else {
            throw error("'\(key)' has shape \(tensor.shape), expected \(axes) axes")
        }
        return tensor.shape
    }

    /// The elements of `key` as float32, once its shape has been checked.
    func take(_ key: String, _ shape: [Int]) throws(Failure) -> [Float] {
        let tensor = try claim(key, shape)
        let values: [Float]
        do { values = try tensor.floats() } catch { throw Failure(name, error.message) }
        try requireFinite(values, key)
        return values
    }

    /// The tensor behind `key`, its shape checked, its elements still to be read and checked.
    func claim(_ key: String, _ shape: [Int]) throws(Failure) -> TensorView {
        guard let tensor = tensors[key] else { throw missing(key) }
        used.insert(key)
        guard tensor.shape == shape else {
            throw error("'\(key)' has shape \(tensor.shape), expected \(shape)")
        }
        guard tensor.dtype.isFloatingPoint else {
            throw error("'\(key)' is \(tensor.dtype.rawValue), expected floating-point weights")
        }
        // Strides of zero, and tensors that share bytes, can make a large network of a small file.
        takenBytes += tensor.count * tensor.dtype.byteCount
        guard takenBytes <= file.inflatedByteCount else {
            throw error("'\(key)' has shape \(tensor.shape): with it the weights have more bytes than the file")
        }
        return tensor
    }

    func requireFinite(_ values: [Float], _ key: String) throws(Failure) {
        try Self.requireFinite(values, key, file: name)
    }

    static func requireFinite(_ values: [Float], _ key: String, file: String) throws(Failure) {
        guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
        throw Failure(file, "'\(key)' is not finite: element \(index) is \(values[index])")
    }

    /// Lets go of the file's pages, which are loaded again when they are read again.
    func releasePages() { file.releasePages() }

    /// Reads and checks the weights that belong to the network and are not run, as strictly as the others.
    func takeKnownExtras() throws(Failure) {
        for key in keys where Self.isKnownExtra(key) && !isAlias(key) {
            guard let tensor = tensors[key], tensor.dtype.isFloatingPoint else { continue }
            _ = try take(key, tensor.shape)
        }
    }

    /// - Throws: when keys are left that no layer asked for and that are not among the known exceptions.
    func requireAllUsed(_ isKnownExtra: (String) -> Bool = Checkpoint.isKnownExtra) throws(Failure) {
        let extra = keys.filter { !used.contains($0) && !isKnownExtra($0) }
        guard let first = extra.first else { return }
        let more = extra.count > 1 ? " and \(extra.count - 1) more" : ""
        throw error("unexpected key '\(first)'\(more): not a part of the network")
    }

    /// The exceptions to a strict load (reference, section 2): the alias of the first convolution, the last Inception
    /// block's branch that never runs, and BatchNorm's step counters.
    static func isKnownExtra(_ key: String) -> Bool {
        if isCounter(key) { return true }
        if key.hasPrefix("inception_model.conv2d_init.") {
            return ["weight", "bias"].contains { key == "inception_model.conv2d_init." + $0 }
        }
        let branch = "inception_model.vis_inception.8.branch3."
        guard key.hasPrefix(branch) else { return false }
        let parts = ["conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"]
        return ["0.", "1."].contains { layer in parts.contains { key == branch + layer + $0 } }
    }

    /// BatchNorm's step counters: the only exception where there is no Inception branch.
    static func isCounter(_ key: String) -> Bool { key.hasSuffix(".num_batches_tracked") }

    /// Whether a key is the first convolution's second name.
    func isAlias(_ key: String) -> Bool {
        key.hasPrefix("inception_model.conv2d_init.") && has(InceptionBranch.key + ".0.weight")
    }

    /// Attributes of the pickled object at a canonical path, such as `blocks.0.attn`.
    func attribute(_ path: String, _ name: String) -> Attribute? { file.attributes[prefix + path]?[name] }

    /// Class of the pickled object at a canonical path, without its module.
    func className(_ path: String) -> String? {
        file.classes[prefix + path].map { String($0.split(separator: ".").last ?? "") }
    }

    /// Canonical paths of all pickled objects under the prefix.
    var objectPaths: [String] {
        file.attributes.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }.sorted()
    }

    /// The file's own metadata (safetensors).
    func metadata(_ key: String) -> String? { file.metadata[key] }

    func error(_ message: String) -> Failure { Failure(name, message) }

    private func missing(_ key: String) -> Failure {
        error("missing key '\(prefix)\(key)': expected by the network, not in the file")
    }
}

extension Checkpoint {
    /// Trainable parameters of the network without class and mask tokens and positions, aliases counted once: the
    /// published count. Merged layers have fewer, or more, than those they stand for; then it is what the metadata state.
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
            let isStatistic =
                key.hasSuffix(".running_mean") || key.hasSuffix(".running_var") || Self.isCounter(key)
            let isLeftOut = ["cls_token", "mask_token", "pos_embed", "decoder_pos_embed"].contains(key)
            return total + (isStatistic || isAlias(key) || isLeftOut ? 0 : tensors[key]?.count ?? 0)
        }
    }
}
