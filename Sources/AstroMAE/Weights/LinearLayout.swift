import Platform

/// Whether weights hold every Linear layer as it was trained, or have merged those with nothing between them.
///
/// Two Linear layers in a row are one, W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2), and the product is cheaper to run.
/// Which of the two a network has belongs to its weights and never to a run, because it decides the last bits.
public enum LinearLayout: Sendable {
    /// All layers, under the names of PyTorch's modules.
    case separate
    /// The merged layers in place of those that they were made of; a file's metadata has to say so.
    case merged

    /// The key and value of a safetensors file's metadata that state merged layers, in this arrangement of them.
    static let metadataKey = "linear_layers"
    static let mergedValue = "merged-1"
    /// Metadata of merged weights: what `RedshiftModel.parameterCount` was before.
    static let parametersKey = "parameters"
}

/// A Linear layer that stands for others: `outer` reads nothing but the outputs of `inner`, side by side.
struct MergedLinear {
    let key: String
    let outer: String
    let inner: [String]

    static let head = MergedLinear(key: "merged.vit_block.0", outer: "vit_block.0", inner: ["head"])
    static let fusion = MergedLinear(
        key: "merged.concat_block.0", outer: "concat_block.0",
        inner: ["vit_block.2", InceptionBranch.key + ".12", MagnitudeBranch.key + ".8"])
    static let all = [head, fusion]

    static func tensors(of layer: String) -> [String] { [layer + ".weight", layer + ".bias"] }

    /// Keys of the tensors that it has, and of those that it stands for.
    var keys: [String] { Self.tensors(of: key) }
    var replacedKeys: [String] { ([outer] + inner).flatMap(Self.tensors) }
}

extension LinearLayout {
    /// The layout that a file states, held against the keys that it has.
    /// - Throws: when metadata and keys do not agree, or the metadata names another arrangement.
    init(metadata value: String?, has: (String) -> Bool, error: (String) -> Failure) throws(Failure) {
        let statement = "metadata '\(Self.metadataKey)'"
        guard let value else {
            if let key = MergedLinear.all.flatMap(\.keys).first(where: has) {
                throw error("'\(key)' is a merged layer: expected \(statement) '\(Self.mergedValue)', found none")
            }
            self = .separate
            return
        }
        guard value == Self.mergedValue else {
            throw error("\(statement) is '\(value)', expected '\(Self.mergedValue)' or none")
        }
        if let key = MergedLinear.all.flatMap(\.replacedKeys).first(where: has) {
            throw error("'\(key)' is there, although \(statement) says that it is merged into another layer")
        }
        self = .merged
    }
}
