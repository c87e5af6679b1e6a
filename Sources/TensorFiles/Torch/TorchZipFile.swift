import Platform

/// PyTorch's zip container: `NAME/data.pkl` describes the object, `NAME/data/KEY` contain the storages.
enum TorchZipFile {
    /// The folder in the archive that contains data.pkl, as `torch.save` writes it.
    static func folder(in archive: ZipArchive) -> String? {
        let name = archive.entries.first { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }?.name
        return name.map { String($0.dropLast("data.pkl".count)) }
    }

    static func read(_ archive: ZipArchive, folder: String) throws(Failure) -> TensorFile {
        let file = archive.source.name
        let entries = Dictionary(archive.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        guard entries[folder + "constants.pkl"] == nil else {
            throw Failure(file, "is a TorchScript archive: save the module or its state_dict")
        }
        if let order = entries[folder + "byteorder"] {
            guard order.size <= 16 else { throw Failure(file, "byteorder: damaged") }
            let text = try archive.withContents(of: order) { (bytes: RawSpan) in bytes.text(0..<bytes.byteCount) }
            guard text == "little" else {
                throw Failure(file, "byteorder is \(text.quoted): only little-endian storages are read")
            }
        }
        guard let pickle = entries[folder + "data.pkl"] else { throw Failure(file, "has no data.pkl") }
        let object = try archive.withContents(of: pickle) {
            (bytes: RawSpan) throws(Failure) -> PickleFlattener in
            var unpickler = Unpickler(file: file, part: "data.pkl", byteCount: archive.source.byteCount)
            let root = try unpickler.load(bytes)
            return try PickleFlattener(root: root, arena: unpickler.arena, bytes: bytes, file: file, part: "data.pkl")
        }
        var storages: [String: ZipMember] = [:]
        var members: [ZipMember] = []
        let member = archive.member(pickle)
        var views = PickledViews(
            file: file, byteCount: archive.source.byteCount, pickle: (member.source, member.range.lowerBound))
        try views.add(object) { (tensor) throws(Failure) in
            let key = tensor.storage.key
            if storages[key] == nil {
                guard let entry = entries["\(folder)data/\(key)"] else {
                    throw Failure(file, "tensor \(tensor.name.quoted): entry \(("data/\(key)").quoted) is missing")
                }
                let member = archive.member(entry)
                storages[key] = member
                members.append(member)
            }
            guard let storage = storages[key] else {
                throw Failure(file, "tensor \(tensor.name.quoted): its storage is missing")
            }
            return try tensor.view(in: storage.source, storage.range, file: file)
        }
        // Arrays of NumPy are in the pickle itself.
        if object.holdsArrays { members.append(member) }
        var found = views.file(.torch, object)
        found.members = members
        return found
    }
}
