import TensorFiles

extension GalaxyTensors {
    /// Classes of objects whose tensors are their rows.
    private static let known: Set<String> = [
        "torch.utils.data.dataset.TensorDataset", "torch.utils.data.TensorDataset", "types.SimpleNamespace",
        "argparse.Namespace",
    ]

    /// A warning for each object that holds the galaxies and whose class may make other rows of its tensors: Python would
    /// run its code, this program reads the tensors as they are named.
    func unknownClasses(in file: TensorFile) -> [String] {
        Self.unknownClasses(of: [images, magnitudes, redshifts], in: file)
    }

    /// The same for other tensors of a file.
    static func unknownClasses(of tensors: [TensorView?], in file: TensorFile) -> [String] {
        guard !file.classes.isEmpty else { return [] }
        var warned: [String] = []
        for tensor in tensors.compactMap(\.self) {
            let parts = tensor.name.split(separator: ".", omittingEmptySubsequences: false)
            for depth in 0..<parts.count {
                guard let type = file.classes[parts.prefix(depth).joined(separator: ".")], !known.contains(type),
                    !warned.contains(type)
                else { continue }
                warned.append(type)
            }
        }
        return warned.map {
            "the galaxies are in an object of the class \($0), whose code is not run: its tensors are read as they are stored"
        }
    }
}

extension [PartitionReader] {
    /// The warnings of all files, each once, with the first file and the number of others.
    public var warnings: [String] {
        var files: [String: (first: String, others: Int)] = [:]
        var order: [String] = []
        for partition in self {
            for warning in partition.warnings {
                if let known = files[warning] {
                    files[warning] = (known.first, known.others + 1)
                } else {
                    files[warning] = (partition.path, 0)
                    order.append(warning)
                }
            }
        }
        return order.map { warning in
            let (first, others) = files[warning] ?? ("", 0)
            return "\(first): \(warning)" + (others > 0 ? " (and \(others) other files)" : "")
        }
    }
}
