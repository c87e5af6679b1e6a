import Platform

/// PyTorch's container before 1.6: five pickles (magic number, protocol, system, object, storage keys), then each
/// storage as a count of elements and its bytes.
enum TorchLegacyFile {
    /// The magic number 0x1950A86A20F9469CFC6C as the pickle of an integer.
    private static let magic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    private static let protocolVersion = 1001

    /// The magic number follows the two bytes of the protocol and, from protocol 4 on, the nine of a frame.
    static func matches(_ head: RawSpan) -> Bool {
        guard head.starts(with: [0x80]) else { return false }
        return head.starts(with: magic, at: 2) || (head.starts(with: [0x95], at: 2) && head.starts(with: magic, at: 11))
    }

    static func read(_ source: some ByteSource) throws(Failure) -> TensorFile {
        let file = source.name
        // The lengths of the pickles are not stored, so that the whole file is mapped; only pages that are read are loaded.
        return try source.withBytes(in: 0..<source.byteCount) { (bytes: RawSpan) throws(Failure) in
            func load(_ part: String, at offset: Int) throws(Failure) -> (PickleValue, Unpickler) {
                var unpickler = Unpickler(file: file, part: part, offset: offset, byteCount: source.byteCount)
                let root = try unpickler.load(bytes)
                return (root, unpickler)
            }
            let (_, magic) = try load("magic number", at: 0)
            let (version, afterVersion) = try load("protocol version", at: magic.offset)
            guard case .int(protocolVersion) = version else {
                throw Failure(file, "protocol version: \(protocolVersion) expected")
            }
            let (system, afterSystem) = try load("system", at: afterVersion.offset)
            try checkByteOrder(system, afterSystem.arena, bytes, file)
            let (root, object) = try load("object", at: afterSystem.offset)
            let contents = try PickleFlattener(
                root: root, arena: object.arena, bytes: bytes, file: file, part: "object")
            let (list, keys) = try load("storage keys", at: object.offset)
            let storages = try locate(
                try self.keys(list, keys.arena, bytes, file), after: keys.offset, object.arena, bytes, file)

            var views = PickledViews(file: file, byteCount: source.byteCount, pickle: (source, 0))
            try views.add(contents) { (tensor) throws(Failure) in
                guard let range = storages[tensor.storage.key] else {
                    throw Failure(file, "tensor \(tensor.name.quoted): storage \(tensor.storage.key.quoted) is missing")
                }
                return try tensor.view(in: source, range, file: file)
            }
            return views.file(.torchLegacy, contents)
        }
    }

    /// Error for a pickle not written by `torch.save`: that of the unpickler, or a general one.
    static func refuse(_ source: some ByteSource) -> Failure {
        do {
            return try source.withBytes(in: 0..<source.byteCount) { (bytes: RawSpan) throws(Failure) in
                var unpickler = Unpickler(file: source.name, part: "pickle", byteCount: source.byteCount)
                _ = try unpickler.load(bytes)
                return Failure(source.name, "is a plain pickle, not a file of torch.save")
            }
        } catch {
            return error
        }
    }

    private static func checkByteOrder(
        _ system: PickleValue, _ arena: PickleArena, _ bytes: RawSpan, _ file: String
    ) throws(Failure) {
        guard case .node(let node) = system, arena[node].kind == .dictionary else {
            throw Failure(file, "system: a dictionary expected")
        }
        let items = arena.items(of: node, limit: 64)
        for at in stride(from: 0, to: items.count - 1, by: 2) where arena.text(items[at], bytes) == "little_endian" {
            guard case .bool(true) = items[at + 1] else {
                throw Failure(file, "system: is big-endian, only little-endian storages are read")
            }
        }
    }

    private static func keys(
        _ list: PickleValue, _ arena: PickleArena, _ bytes: RawSpan, _ file: String
    ) throws(Failure) -> [String] {
        guard case .node(let node) = list, arena[node].kind == .list else {
            throw Failure(file, "storage keys: a list expected")
        }
        var keys: [String] = []
        for item in arena.children(of: node) {
            guard case .text(_, let count) = item, count <= 256, let key = arena.text(item, bytes) else {
                throw Failure(file, "storage keys: texts expected")
            }
            keys.append(key)
        }
        return keys
    }

    /// The byte range of each storage. The storages of the object give the sizes of elements.
    private static func locate(
        _ keys: [String], after start: Int, _ arena: PickleArena, _ bytes: RawSpan, _ file: String
    ) throws(Failure) -> [String: Range<Int>] {
        func failure(_ key: String, _ what: String) -> Failure { Failure(file, "storage \(key.quoted): \(what)") }
        var types: [String: (name: String, size: Int)] = [:]
        for index in arena.nodes.indices where arena.nodes[index].kind == .storage {
            let storage = try PickledStorage(node: Int32(index), arena: arena, bytes: bytes) {
                Failure(file, "object: \($0)")
            }
            // The storages that follow can only be found where the size of its elements is known.
            guard let size = storage.elementSize else {
                throw failure(storage.key, "storage type \(storage.typeName.quoted) is not supported")
            }
            let type = (name: storage.dtype?.rawValue ?? storage.typeName, size: size)
            if let known = types.updateValue(type, forKey: storage.key), known != type {
                throw failure(storage.key, "is both \(known.name) and \(type.name)")
            }
        }
        var ranges: [String: Range<Int>] = [:]
        var offset = start
        for key in keys {
            guard let type = types[key] else { throw failure(key, "is listed, but the object does not use it") }
            guard ranges[key] == nil else { throw failure(key, "is listed twice") }
            guard bytes.byteCount - offset >= 8 else { throw failure(key, "its count is missing (offset \(offset))") }
            let count = bytes.uint64(at: offset)
            offset += 8
            let room = (bytes.byteCount - offset) / type.size
            guard count <= UInt64(room) else {
                throw failure(key, "\(count) elements of \(type.name) at offset \(offset), \(room) fit")
            }
            ranges[key] = offset..<offset + Int(count) * type.size
            offset += Int(count) * type.size
        }
        guard offset == bytes.byteCount else {
            throw Failure(file, "\(bytes.byteCount - offset) bytes after the last storage")
        }
        return ranges
    }
}
