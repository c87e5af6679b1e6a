/// What a network states of its checkpoints beyond the layers that it loads.
struct CheckpointRules: Sendable {
    /// Layers that a file may hold in place of those that they merge.
    var merged: [MergedLinear] = []
    /// Second names of layers, and the names under which these are loaded.
    var aliases: [String: String] = [:]
    /// Tensors that belong to the network and are never run.
    var unused: Set<String> = []
    /// Classes of the layers without weights, by the end of their canonical path.
    var layerClasses: [(path: String, className: String)] = []

    static func + (left: Self, right: Self) -> Self {
        Self(
            merged: left.merged + right.merged, aliases: left.aliases.merging(right.aliases) { first, _ in first },
            unused: left.unused.union(right.unused), layerClasses: left.layerClasses + right.layerClasses)
    }
}
