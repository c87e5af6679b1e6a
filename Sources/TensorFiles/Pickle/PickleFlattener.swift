import Platform

/// Walks a pickled object from its root and gives its tensors their names.
///
/// Tensors of a `torch.nn.Module` have the names of its `state_dict`, those of other objects and dictionaries dotted keys,
/// those of lists indices.
struct PickleFlattener {
    var items: [PickledItem] = []
    /// By name, why a tensor is not read.
    var refusals: [String: String] = [:]
    var classes: [String: String] = [:]
    private(set) var attributes: [String: [String: Attribute]] = [:]
    /// In the order in which their owners hold them.
    private(set) var modules: [PickledModule] = []
    /// Of `Subset`s; those that share one list have it once.
    var indexLists: [PickledIndices] = []
    /// Their numbers, by node.
    var indexNumbers: [Int32: Int] = [:]
    /// Whether any item is a NumPy array, whose bytes are in the pickle itself.
    private(set) var holdsArrays = false

    let file: String
    let part: String
    let arena: PickleArena
    private var latin: [UInt32: LatinText] = [:]
    /// Nodes from the root to the one that is visited, among which a repeated node is a cycle.
    private var path: [Int32] = []
    /// Estimated bytes of the results: shared nodes could make them far larger than the pickle.
    private var gathered = 0

    private static let maximumDepth = 200
    private static let maximumName = 4096
    private static let maximumGathered = 12 << 20

    init(root: PickleValue, arena: PickleArena, bytes: RawSpan, file: String, part: String) throws(Failure) {
        self.arena = arena
        self.file = file
        self.part = part
        try visit(root, "", bytes)
        var names = Set<String>(minimumCapacity: items.count)
        for item in items where !names.insert(item.name).inserted {
            throw failure(item.name, "two tensors have this name")
        }
    }

    func failure(_ name: String, _ what: String) -> Failure {
        Failure(file, "\(part): \(name.isEmpty ? "the root" : name.quoted): \(what)")
    }

    mutating func charge(_ bytes: Int, _ name: String) throws(Failure) {
        gathered += bytes
        guard gathered <= Self.maximumGathered else {
            throw failure(name, "holds more values than are listed (\(Self.maximumGathered >> 20) MiB of them)")
        }
    }

    mutating func visit(_ value: PickleValue, _ name: String, _ bytes: RawSpan) throws(Failure) {
        guard case .node(let index) = value else { return }
        try charge(16, name)
        let node = arena[index]
        switch node.kind {
        case .set, .global, .storage: return
        case .tensor:
            if let reason = PickledTensor.refusal(node: index, arena: arena, bytes: bytes) {
                try refuse(name, reason)
                return
            }
            items.append(PickledItem(name: name, rows: .tensor(try tensor(index, name, bytes))))
            return
        case .array:
            do throws(Failure) {
                items.append(PickledItem(name: name, rows: .array(try array(index, name, bytes))))
            } catch {
                try refuse(name, error.message)
            }
            return
        case .tuple, .list, .dictionary, .object, .mapping: break
        }
        // A list of integers holds no tensor.
        guard arena.integers(of: index) == nil else { return }
        guard !path.contains(index) else { throw failure(name, "contains itself") }
        guard name.utf8.count <= Self.maximumName else { throw failure(name, "a name of \(name.utf8.count) bytes") }
        guard path.count < Self.maximumDepth else {
            throw failure(name, "nested deeper than \(Self.maximumDepth) levels")
        }
        path.append(index)
        defer { path.removeLast() }
        switch node.kind {
        case .dictionary: try visit(pairs(index, name, bytes), name, bytes)
        case .tuple, .list: try visit(indexed(index, name), name, bytes)
        default: try visitObject(index, name, bytes)
        }
    }

    mutating func refuse(_ name: String, _ reason: String) throws(Failure) {
        try charge(64 + name.utf8.count + reason.utf8.count, name)
        refusals[name] = reason
    }

    mutating func tensor(_ index: Int32, _ name: String, _ bytes: RawSpan) throws(Failure) -> PickledTensor {
        let tensor = try PickledTensor(name: name, node: index, arena: arena, bytes: bytes, file: file, part: part)
        try charge(256 + name.utf8.count + 16 * tensor.shape.count, name)
        return tensor
    }

    mutating func array(_ index: Int32, _ name: String, _ bytes: RawSpan) throws(Failure) -> PickledArray {
        let array = try PickledArray(node: index, arena: arena, bytes: bytes, latin: &latin)
        try charge(256 + name.utf8.count + 16 * array.shape.count, name)
        holdsArrays = true
        return array
    }

    /// Adds plain entries as attributes and visits the others.
    private mutating func visit(
        _ entries: [(key: String, value: PickleValue)], _ name: String, _ bytes: RawSpan
    ) throws(Failure) {
        for (key, value) in entries {
            if let attribute = try attribute(value, name, bytes, depth: 0) {
                try charge(96 + key.utf8.count, name)
                attributes[name, default: [:]][key] = attribute
            } else {
                try visit(value, join(name, key), bytes)
            }
        }
    }

    private mutating func visitObject(_ index: Int32, _ name: String, _ bytes: RawSpan) throws(Failure) {
        let node = arena[index]
        if let type = arena.globalName(node.type, bytes) {
            if type.module.hasPrefix("torch."), type.name.hasPrefix("_rebuild_") {
                try refuse(name, "a tensor made by \(("\(type.module).\(type.name)").quoted) is not supported")
                return
            }
            if type.module.hasPrefix("numpy.ma") {
                try refuse(name, "is a masked array: save it filled (a.filled(numpy.nan))")
                return
            }
            try charge(64 + name.utf8.count + type.module.utf8.count + type.name.utf8.count, name)
            classes[name] = "\(type.module).\(type.name)"
        }
        let state = try state(of: node, name, bytes)
        let parts = Dictionary(state.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        if try visitDataset(classes[name], parts, name, bytes) { return }
        let first = items.count
        if let parameters = parts["_parameters"], let buffers = parts["_buffers"], let members = parts["_modules"] {
            let transient = try texts(parts["_non_persistent_buffers_set"], name, bytes)
            var module = PickledModule(path: name)
            try visitMembers(parameters, name, bytes, except: [])
            try visitMembers(buffers, name, bytes, except: transient)
            module.hiddenTensors = try hiddenTensors(buffers, among: transient, of: name, bytes)
            for hooks in ["_forward_pre_hooks", "_forward_hooks"] {
                guard case .node(let index)? = parts[hooks], arena[index].kind == .dictionary else { continue }
                module.hooks += try pairs(index, name, bytes).map { callable($0.value, bytes) ?? "a function" }
            }
            for (key, value) in state where !key.hasPrefix("_") {
                if key == "forward" { module.hasOwnForward = true }
                if let attribute = try attribute(value, name, bytes, depth: 0) {
                    try charge(96 + key.utf8.count, name)
                    attributes[name, default: [:]][key] = attribute
                } else if isHiddenTensor(value, key, bytes) {
                    module.hiddenTensors.append(key)
                } else if let callable = callable(value, bytes) {
                    try charge(96 + key.utf8.count + callable.utf8.count, name)
                    module.callables[key] = callable
                }
            }
            try charge(96 + name.utf8.count, name)
            modules.append(module)
            try visitMembers(members, name, bytes, except: [])
            for index in items.indices[first...] { items[index].isOfModule = true }
        } else {
            if node.arguments >= 0 { try visit(indexed(node.arguments, name), name, bytes) }
            try visit(node.kind == .mapping ? pairs(index, name, bytes) : indexed(index, name), name, bytes)
            try visit(state, name, bytes)
            try refuseUnknown(state, of: classes[name], name, from: first, bytes)
        }
    }

    /// `_parameters`, `_buffers` or `_modules`: entries that are None are omitted, as in `state_dict`.
    private mutating func visitMembers(
        _ value: PickleValue, _ name: String, _ bytes: RawSpan, except: Set<String>
    ) throws(Failure) {
        guard case .node(let index) = value, arena[index].kind == .dictionary else {
            throw failure(name, "its parameters, buffers or modules are not a dictionary")
        }
        for (key, member) in try pairs(index, name, bytes) where !except.contains(key) {
            try visit(member, join(name, key), bytes)
        }
    }

    /// The state given to BUILD: a dictionary, or a tuple of dictionaries.
    private mutating func state(
        of node: PickleNode, _ name: String, _ bytes: RawSpan
    ) throws(Failure) -> [(key: String, value: PickleValue)] {
        var entries: [(key: String, value: PickleValue)] = []
        for case .node(let state) in arena.chain(from: node.state) {
            try charge(16, name)
            switch arena[state].kind {
            case .dictionary: entries += try pairs(state, name, bytes)
            case .tuple:
                for case .node(let part) in arena.items(of: state, limit: 2) where arena[part].kind == .dictionary {
                    entries += try pairs(part, name, bytes)
                }
            default: break
            }
        }
        return entries
    }

    mutating func indexed(
        _ index: Int32, _ name: String
    ) throws(Failure) -> [(key: String, value: PickleValue)] {
        try charge(32 * Int(arena[index].count), name)
        return arena.children(of: index).enumerated().map { (String($0.offset), $0.element) }
    }

    mutating func pairs(
        _ index: Int32, _ name: String, _ bytes: RawSpan
    ) throws(Failure) -> [(key: String, value: PickleValue)] {
        let items = arena.items(of: index)
        var entries: [(key: String, value: PickleValue)] = []
        for at in stride(from: 0, to: items.count - 1, by: 2) {
            let key: String =
                switch items[at] {
                case .text(_, let count):
                    if let text = arena.text(items[at], bytes) {
                        text
                    } else {
                        throw failure(name, "a key of \(count) bytes")
                    }
                case .int(let number): String(number)
                case .none: "None"
                case .bool(let flag): flag ? "True" : "False"
                case .double(let number): "\(number)"
                default: "#\(at / 2)"
                }
            try charge(32 + key.utf8.count, name)
            entries.append((key, items[at + 1]))
        }
        return entries
    }

    private func join(_ name: String, _ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }
}
