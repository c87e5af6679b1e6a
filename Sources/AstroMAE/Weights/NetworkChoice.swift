import Platform
import TensorFiles

/// Which of a file's networks is read. Equal copies, such as a module and its state dict, count as one.
struct NetworkChoice: Sendable {
    /// The file's prefix of the network's canonical names: "", "module.", "model.module.", ...
    let prefix: String
    /// Prefixes of all networks in the file.
    private let all: [String]
    /// Of those, the ones below this network.
    private let below: [String]
    private let isNamed: Bool

    private static let mostNetworks = 64
    /// Known prefixes, in order of preference among equal networks.
    private static let known = ["", "module.", "model.", "model.module.", "state_dict.", "state_dict.module."]

    /// - Throws: `Failure` if there is no network, none of that name, or none is named and their weights differ.
    init(_ file: TensorFile, of kind: NetworkKind?, named name: String?) throws(Failure) {
        let anchor = Checkpoint.anchor
        let found = file.tensors.map(\.name).filter { $0 == anchor || $0.hasSuffix("." + anchor) }
            .map { String($0.dropLast(anchor.count)) }
        guard !found.isEmpty else {
            throw Failure(file.name, "no AstroMAE network: expected a tensor '\(anchor)', found none")
        }
        guard found.count <= Self.mostNetworks else {
            throw Failure(file.name, "has \(found.count) networks, expected at most \(Self.mostNetworks)")
        }
        let prefix: String
        if let name {
            prefix = try Self.named(name, among: found, of: file)
        } else {
            let names = Set(file.tensors.map(\.name))
            let fitting = found.filter { prefix in kind.map { names.contains(prefix + $0.mark) } ?? true }
            prefix = try Self.only(of: fitting.isEmpty ? found : fitting, file, all: found)
        }
        (self.prefix, all, isNamed) = (prefix, found, name != nil)
        below = found.filter { $0 != prefix && $0.hasPrefix(prefix) }
    }

    /// Whether the network has the tensor or module of that name in the file; a module's ends with a dot.
    func contains(_ name: String) -> Bool { Self.contains(name, prefix, below) }

    private static func contains(_ name: String, _ prefix: String, _ below: [String]) -> Bool {
        name.hasPrefix(prefix) && !below.contains { name.hasPrefix($0) }
    }

    /// The file's name of the object at a canonical path.
    func name(of path: String) -> String { path.isEmpty ? String(prefix.dropLast()) : prefix + path }

    /// As options take it: the path of the network in the file, "." for the root.
    private static func name(_ prefix: String) -> String { prefix.isEmpty ? "." : String(prefix.dropLast()) }

    private static func list(_ prefixes: [String]) -> String {
        prefixes.prefix(8).map { "'\(name($0))'" }.joined(separator: ", ")
            + (prefixes.count > 8 ? " and \(prefixes.count - 8) more" : "")
    }

    private static func named(_ name: String, among found: [String], of file: TensorFile) throws(Failure) -> String {
        if let prefix = found.first(where: { Self.name($0) == name }) { return prefix }
        let below = found.filter { $0.hasPrefix(name + ".") }
        guard let prefix = below.first, below.count == 1 else {
            throw Failure(file.name, "has no network '\(name)' (--network), found \(list(found))")
        }
        return prefix
    }

    private static func only(of found: [String], _ file: TensorFile, all: [String]) throws(Failure) -> String {
        // A module states more than its state dict; then the known names.
        let order = found.enumerated().sorted { left, right in
            func rank(_ prefix: String) -> (Int, Int) {
                (
                    file.modules.isEmpty || file.classes[String(prefix.dropLast())] == nil ? 1 : 0,
                    known.firstIndex(of: prefix) ?? known.count
                )
            }
            let (first, second) = (rank(left.element), rank(right.element))
            return first == second ? left.offset < right.offset : first < second
        }.map(\.element)
        let chosen = order[0]
        if order.count > 1 {
            let tensors = Self.tensors(of: file, all)
            for other in order.dropFirst() where try !areEqual(tensors[chosen] ?? [:], tensors[other] ?? [:], file) {
                throw Failure(
                    file.name,
                    "has \(found.count) networks, and their weights differ: \(list(found)); choose one by --network NAME, or "
                        + "write it to a file by 'cai convert --network NAME'")
            }
        }
        return chosen
    }

    /// The indices of each network's floating-point tensors, by prefix and canonical name.
    private static func tensors(of file: TensorFile, _ all: [String]) -> [String: [String: Int]] {
        let innermost = all.sorted { $0.utf8.count > $1.utf8.count }
        var indices: [String: [String: Int]] = [:]
        for (index, tensor) in file.tensors.enumerated() where tensor.dtype.isFloatingPoint {
            guard let prefix = innermost.first(where: tensor.name.hasPrefix) else { continue }
            indices[prefix, default: [:]][String(tensor.name.dropFirst(prefix.count))] = index
        }
        return indices
    }

    private static func areEqual(
        _ left: [String: Int], _ right: [String: Int], _ file: TensorFile
    ) throws(Failure) -> Bool {
        // Tensors that share bytes would take longer to compare than the file to read; no network has them.
        let bytes = left.values.reduce(0) { $0 + file.tensors[$1].count * file.tensors[$1].dtype.byteCount }
        guard left.count == right.count, bytes <= file.inflatedByteCount else { return false }
        for (name, index) in left {
            guard let other = right[name], file.tensors[other].shape == file.tensors[index].shape else { return false }
        }
        for (name, index) in left {
            guard let other = right[name].map({ file.tensors[$0] }) else { return false }
            let tensor = file.tensors[index]
            // Rows at a time: a small file can describe large tensors.
            let step = max(1, (1 << 20) / max(1, tensor.rowCount))
            for start in stride(from: 0, to: tensor.rows, by: step) {
                let rows = start..<min(start + step, tensor.rows)
                guard try tensor.doubles(rows: rows) == other.doubles(rows: rows) else { return false }
            }
        }
        return true
    }

    /// Refuses layers and weights beside the network in a module that holds it: they may change its redshifts. A network
    /// that the user has named is taken alone.
    func requireEnclosingModules(of file: TensorFile) throws(Failure) {
        let network = name(of: "")
        guard !isNamed, !prefix.isEmpty,
            let root = file.modules.first(where: { network.hasPrefix($0.path.isEmpty ? "" : $0.path + ".") })
        else { return }
        let training = TrainingParts(of: file, in: root.path)
        func error(_ name: String, _ what: String) -> Failure {
            Failure(
                file.name,
                "'\(name)' \(what) beside the network '\(network)', expected nothing that changes its redshifts: "
                    + "--network \(network) takes the network alone")
        }
        func isBeside(_ name: String) -> Bool {
            (root.path.isEmpty || name.hasPrefix(root.path + ".")) && !all.contains { name.hasPrefix($0) }
        }
        for module in file.modules where isBeside(module.path + ".") {
            if let hook = module.hooks.first { throw error(module.path, "has a forward hook, \(hook),") }
            if module.hasOwnForward { throw error(module.path, "has another forward than its class") }
            if let tensor = module.hiddenTensors.first, !training.contains(module.path) {
                throw error(module.path, "has a tensor '\(tensor)' that is not in its state dict,")
            }
            guard let found = file.classes[module.path].map(ModuleClass.init), module.path != root.path,
                !network.hasPrefix(module.path + "."), !training.contains(module.path)
            else { continue }
            if !found.isIdle, !found.isReshaping, !found.isTorchContainer {
                throw error(module.path, "is \(found.name)")
            }
        }
        for tensor in file.tensors
        where tensor.dtype.isFloatingPoint && isBeside(tensor.name) && !training.contains(tensor.name.parent) {
            throw error(tensor.name, "is a tensor")
        }
    }
}
