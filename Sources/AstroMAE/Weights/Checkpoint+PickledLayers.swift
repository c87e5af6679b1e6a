import Platform

/// Checks of a pickled module's layers beyond their weights. A state dict has no such attributes and is accepted by its
/// shapes; a module whose attributes contradict this network is another network.
extension Checkpoint {
    /// - Throws: `Failure` if an activation, a pooling or a convolution is not this network's.
    func refuseOtherLayers(patchSize: Int) throws(Failure) {
        for path in objectPaths {
            if case .string(let kind)? = attribute(path, "approximate"), kind != "none" {
                throw error("'\(path)' is GELU with approximate='\(kind)': expected 'none', the exact function")
            }
            guard let found = className(path) else { continue }
            if let expected = rules.layerClasses.first(where: { path.hasSuffix($0.path) })?.className {
                guard found == expected else { throw error("'\(path)' is \(found), expected \(expected)") }
                try requirePooling(path, found)
            }
            // Layers that are never run may have any geometry.
            let weight = path + ".weight"
            if found == "Conv2d", has(weight), !isKnownExtra(weight) {
                try requireConvolution(path, stride: path == "patch_embed.proj" ? patchSize : 1)
            }
        }
    }

    private func requirePooling(_ path: String, _ kind: String) throws(Failure) {
        let geometry: [(String, Int)]
        switch kind {
        case "AvgPool2d": geometry = [("kernel_size", 2), ("stride", 2), ("padding", 0)]
        case "MaxPool2d": geometry = [("kernel_size", 3), ("stride", 1), ("padding", 1), ("dilation", 1)]
        default: geometry = []
        }
        for (name, value) in geometry { try require(path, name, value) }
    }

    /// Patches do not overlap; all other convolutions keep the size of their map.
    private func requireConvolution(_ path: String, stride: Int) throws(Failure) {
        try require(path, "stride", stride)
        try require(path, "dilation", 1)
        if stride == 1, let kernel = square(path, "kernel_size") { try require(path, "padding", (kernel - 1) / 2) }
        if case .string(let mode)? = attribute(path, "padding_mode"), mode != "zeros" {
            throw error("'\(path)' has padding_mode '\(mode)', expected 'zeros'")
        }
    }

    private func require(_ path: String, _ name: String, _ expected: Int) throws(Failure) {
        guard attribute(path, name) != nil, square(path, name) != expected else { return }
        let found = square(path, name).map { "\($0)" } ?? "something else"
        throw error("'\(path)' has \(name) \(found), expected \(expected)")
    }

    /// An attribute that is one number, or the same number for both axes.
    private func square(_ path: String, _ name: String) -> Int? {
        switch attribute(path, name) {
        case .int(let value)?: return value
        case .list(let axes)?:
            guard axes.count == 2, axes[0] == axes[1], case .int(let value) = axes[0] else { return nil }
            return value
        default: return nil
        }
    }
}
