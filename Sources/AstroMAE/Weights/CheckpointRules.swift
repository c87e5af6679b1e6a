/// What a network states of its checkpoints beyond the layers that it loads.
struct CheckpointRules: Sendable {
    /// Layers that a file may hold in place of those that they merge.
    var merged: [MergedLinear] = []
    /// Second names of layers, and the names under which these are loaded.
    var aliases: [String: String] = [:]
    /// Tensors that belong to the network and are never run.
    var unused: Set<String> = []
    /// The layers that are computed, by canonical path; `*` is any one component.
    var layers: [(path: String, layer: PickledLayer)] = []
    /// Modules with a `forward` of the authors', by canonical path: none of torch.nn's containers runs their parts alike.
    var authored: [String] = []
    /// Modules in which every layer's output goes through a ReLU, so that another changes nothing.
    var rectified: [String] = []
    /// Modules that are never run, with all below them.
    var idle: [String] = []

    static func + (left: Self, right: Self) -> Self {
        Self(
            merged: left.merged + right.merged, aliases: left.aliases.merging(right.aliases) { first, _ in first },
            unused: left.unused.union(right.unused), layers: left.layers + right.layers,
            authored: left.authored + right.authored,
            rectified: left.rectified + right.rectified, idle: left.idle + right.idle)
    }

    /// A `Sequential` of Linear layers with ReLUs between them, from `first` to `last`.
    static func stack(_ key: String, _ first: Int, through last: Int) -> Self {
        Self(layers: (first...last).map { ("\(key).\($0)", ($0 - first) % 2 == 0 ? .linear : .activation(.relu)) })
    }

    /// The layer that is computed at a path.
    func layer(at path: String) -> PickledLayer? { layers.first { path.matches($0.path) }?.layer }

    /// The layers that are computed directly below a path, by the last components of their paths.
    func layers(below path: String) -> [(name: String, layer: PickledLayer)] {
        layers.compactMap { pattern, layer in
            guard let dot = pattern.lastIndex(of: "."), path.matches(pattern[..<dot]) else { return nil }
            return (String(pattern[pattern.index(after: dot)...]), layer)
        }
    }

    func isIdle(_ path: String) -> Bool { idle.contains { path == $0 || path.hasPrefix($0 + ".") } }
    func isAuthored(_ path: String) -> Bool { authored.contains { path.matches($0) } }
}

extension StringProtocol {
    /// Whether a dotted path is that of a pattern, whose components may be `*`. Called for every layer and every pattern:
    /// bytes are compared, not characters.
    func matches(_ pattern: some StringProtocol) -> Bool {
        let dot = UInt8(ascii: ".")
        var (path, pattern) = (utf8.makeIterator(), pattern.utf8.makeIterator())
        var isComponentStart = true
        while true {
            let expected = pattern.next()
            var found = path.next()
            if isComponentStart, expected == UInt8(ascii: "*") {
                while let byte = found, byte != dot { found = path.next() }
                guard found == pattern.next() else { return false }
            } else if found != expected {
                return false
            }
            if found == nil { return true }
            isComponentStart = found == dot
        }
    }
}
