import TensorFiles

/// The losses and metrics of a pickled module, with all that is in them: they are not part of the network. Those count that
/// are in the module itself, or in torch.nn's containers there.
struct TrainingParts: Sendable {
    private let paths: Set<String>
    /// Paths of all pickled objects that have a class.
    private let classes: [String: String]

    /// - Parameter root: the module's path in the file.
    init(of file: TensorFile, in root: String) {
        classes = file.classes
        var (paths, containers) = (Set<String>(), Set([root]))
        // An owner comes before its parts.
        for path in classes.keys.sorted() where path != root && (root.isEmpty || path.hasPrefix(root + ".")) {
            let (owner, found) = (path.parent, ModuleClass(classes[path] ?? ""))
            let isInContainers = containers.contains(owner)
            if (isInContainers && found.isLossOrMetric) || paths.contains(Self.object(at: owner, classes)) {
                paths.insert(path)
            } else if isInContainers, found.isTorchContainer {
                containers.insert(path)
            }
        }
        self.paths = paths
    }

    /// - Parameter path: of a module, or of an object in one.
    func contains(_ path: String) -> Bool {
        !paths.isEmpty && paths.contains(Self.object(at: path, classes))
    }

    /// The path, or else that of the innermost object around it that has a class: dictionaries have none.
    private static func object(at path: String, _ classes: [String: String]) -> String {
        var path = path
        while classes[path] == nil, !path.isEmpty { path = path.parent }
        return path
    }
}
