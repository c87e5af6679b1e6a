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
    private let file: TensorFile
    private let tensors: [String: TensorView]
    private var used: Set<String> = []
    /// Bytes of the tensors that were claimed; shared bytes count once for each tensor.
    private var takenBytes = 0

    /// The key by which an AstroMAE checkpoint is recognised.
    static let anchor = "patch_embed.proj.weight"
    /// Known prefixes, in order of preference when a file holds several copies.
    static let prefixes = ["", "module.", "model.", "model.module.", "state_dict.", "state_dict.module."]

    /// A checkpoint of any network: no merged layers, aliases or unused tensors are known.
    public convenience init(_ file: TensorFile) throws(Failure) { try self.init(file, rules: CheckpointRules()) }

    /// - Throws: `Failure` if the file holds no such network, or several without a known prefix, or if its metadata and
    ///   keys contradict each other about merged layers.
    init(_ file: TensorFile, rules: CheckpointRules) throws(Failure) {
        let found = file.tensors.map(\.name).filter { $0 == Self.anchor || $0.hasSuffix("." + Self.anchor) }
            .map { String($0.dropLast(Self.anchor.count)) }
        guard !found.isEmpty else {
            throw Failure(file.name, "no AstroMAE network: expected a tensor '\(Self.anchor)', found none")
        }
        guard let prefix = Self.prefixes.first(where: found.contains) ?? (found.count == 1 ? found.first : nil) else {
            throw Failure(file.name, "several networks, none under a known name: \(found.joined(separator: ", "))")
        }
        name = file.name
        self.file = file
        self.rules = rules
        self.prefix = prefix
        var tensors: [String: TensorView] = [:]
        for tensor in file.tensors where tensor.name.hasPrefix(prefix) {
            tensors[String(tensor.name.dropFirst(prefix.count))] = tensor
        }
        self.tensors = tensors
        linearLayout = try LinearLayout(
            metadata: file.metadata[LinearLayout.metadataKey], merged: rules.merged, has: { tensors[$0] != nil },
            error: { Failure(file.name, $0) })
    }

    /// Whether the file has that key.
    public func has(_ key: String) -> Bool { tensors[key] != nil }

    /// All keys under `prefix`, canonical, sorted.
    public var keys: [String] { tensors.keys.sorted() }

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

    static func requireFinite(_ values: [Float], _ key: String, file: String) throws(Failure) {
        guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
        throw Failure(file, "'\(key)' is not finite: element \(index) is \(values[index])")
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
    }

    private func isCounter(_ key: String) -> Bool { key.hasSuffix(".num_batches_tracked") }

    /// Whether a key is the second name of a layer that the file has under its first name, too.
    func isAlias(_ key: String) -> Bool {
        rules.aliases.contains { key.isTensor(of: $0.key) && has($0.value + ".weight") }
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

extension String {
    fileprivate func isTensor(of layer: String) -> Bool { MergedLinear.tensors(of: layer).contains(self) }
}

extension Checkpoint {
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
            return total + (isStatistic || isAlias(key) || isLeftOut ? 0 : tensors[key]?.count ?? 0)
        }
    }
}
