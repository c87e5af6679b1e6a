import Platform

/// Whether a file holds every Linear layer as it was trained, or has merged those with nothing between them.
///
/// Two Linear layers in a row are one, W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2), which is cheaper to run. Separate
/// layers are merged when they are loaded, to the same bits: the layout decides how long that takes, and nothing else.
public enum LinearLayout: Sendable {
    /// All layers, under the names of PyTorch's modules.
    case separate
    /// The merged layers in place of the original ones; the file's metadata has to state it.
    case merged

    /// The key and value of a safetensors file's metadata that state merged layers, in this arrangement.
    static let metadataKey = "linear_layers"
    static let mergedValue = "merged-1"
    /// Metadata of merged weights: the number of parameters before merging.
    static let parametersKey = "parameters"
}

/// A Linear layer that replaces others: `outer` reads nothing but the outputs of `inner`, side by side.
struct MergedLinear: Sendable {
    let key: String
    let outer: String
    let inner: [String]

    static func tensors(of layer: String) -> [String] { [layer + ".weight", layer + ".bias"] }

    /// Keys of its tensors, and of those that it replaces.
    var keys: [String] { Self.tensors(of: key) }
    var replacedKeys: [String] { ([outer] + inner).flatMap(Self.tensors) }
}

extension LinearLayout {
    /// The layout that a file's metadata states, compared with its keys.
    /// - Parameter merged: the layers that the file may have merged.
    /// - Throws: `Failure` if metadata and keys contradict each other, or the metadata names another arrangement.
    init(
        metadata value: String?, merged: [MergedLinear], has: (String) -> Bool, error: (String) -> Failure
    ) throws(Failure) {
        let statement = "metadata '\(Self.metadataKey)'"
        guard let value else {
            if let key = merged.flatMap(\.keys).first(where: has) {
                throw error("'\(key)' is a merged layer: expected \(statement) '\(Self.mergedValue)', found none")
            }
            self = .separate
            return
        }
        guard value == Self.mergedValue else {
            throw error("\(statement) is '\(value)', expected '\(Self.mergedValue)' or none")
        }
        if let key = merged.flatMap(\.replacedKeys).first(where: has) {
            throw error("'\(key)' is there, although \(statement) says that it is merged into another layer")
        }
        self = .merged
    }
}
