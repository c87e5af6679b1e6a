import Platform

/// The contents of an HDF5 file, as libhdf5 reports them.
extension HDF5Document {
    typealias ID = HDF5Library.ID

    /// The datasets of all groups, and the reasons why other objects are not read.
    func datasets() throws(Failure) -> (datasets: [Dataset], refusals: [String: String]) {
        try library.with(self) { opened throws(Failure) in
            var found = Found()
            try collect(opened.file, folder: "", depth: 0, into: &found)
            return (found.datasets, found.refusals)
        }
    }

    private struct Found {
        var datasets: [Dataset] = []
        var refusals: [String: String] = [:]
        var objects = 0
    }

    private static let mostDepth = 8
    private static let mostObjects = 4096
    private static let mostAxes = 16
    static let mostCharacters = 4096
    /// A chunk is inflated as a whole.
    private static let mostChunk = 256 << 20
    /// Bytes of chunks that are kept for the next rows.
    private static let mostCache = 128 << 20

    /// Adds the objects of a group. Links to other files are never followed, nor are soft links within the file, whose
    /// targets have names of their own.
    private func collect(_ group: ID, folder: String, depth: Int, into found: inout Found) throws(Failure) {
        // storage_type, nlinks and more.
        var info = [UInt64](repeating: 0, count: 16)
        guard unsafe library.groupInfo(group, &info) >= 0 else {
            throw failure("group \(("/" + folder).quoted) cannot be read")
        }
        for index in 0..<info[1] {
            found.objects += 1
            guard found.objects <= Self.mostObjects else { throw failure("more than \(Self.mostObjects) objects") }
            var characters = [CChar](repeating: 0, count: Self.mostCharacters + 1)
            // By name, in rising order.
            let length = unsafe library.linkName(group, ".", 0, 0, index, &characters, characters.count, 0)
            guard length > 0, length <= Self.mostCharacters else {
                throw failure("a name in group \(("/" + folder).quoted) cannot be read")
            }
            let name = String(zeroTerminated: characters)
            let path = folder.isEmpty ? name : folder + "/" + name
            var link = [UInt64](repeating: 0, count: 16)
            let status = unsafe library.linkInfo(group, name, &link, 0)
            switch UInt32(truncatingIfNeeded: link[0]) {
            case _ where status < 0: found.refusals[path] = "its link cannot be read"
            case 0: try open(group, name, path, depth, into: &found)
            case 1: found.refusals[path] = "is a soft link: name what it leads to"
            case 64: found.refusals[path] = "is an external link, which is never followed"
            default: found.refusals[path] = "is a link of an unknown kind"
            }
        }
    }

    private func open(
        _ group: ID, _ name: String, _ path: String, _ depth: Int, into found: inout Found
    ) throws(Failure) {
        let object = unsafe library.openObject(group, name, 0)
        guard object >= 0 else {
            found.refusals[path] = "cannot be opened"
            return
        }
        defer { _ = library.closeObject(object) }
        switch library.kind(object) {
        case 2 where depth + 1 == Self.mostDepth:
            found.refusals[path] = "is a group more than \(Self.mostDepth) deep: not read"
        case 2: try collect(object, folder: path, depth: depth + 1, into: &found)
        case 5:
            do throws(Failure) { found.datasets.append(try describe(object, path)) } catch {
                found.refusals[path] = error.message
            }
        default: return
        }
    }

    private func describe(_ dataset: ID, _ path: String) throws(Failure) -> Dataset {
        let (space, type, list) = (library.space(dataset), library.type(dataset), library.creation(dataset))
        defer {
            _ = library.closeSpace(space)
            _ = library.closeType(type)
            _ = library.closeList(list)
        }
        guard space >= 0, type >= 0, list >= 0 else { throw Failure("its header is damaged") }
        let rank = library.rank(space)
        guard rank >= 0, rank <= Self.mostAxes else { throw Failure("has \(rank) axes") }
        var lengths = [UInt64](repeating: 0, count: Int(rank) + 1)
        guard unsafe library.extent(space, &lengths, nil) >= 0 else { throw Failure("its shape is damaged") }
        let shape = lengths.prefix(Int(rank)).map { Int(clamping: $0) }
        guard RowSource.elements(shape) != nil else { throw Failure("shape \(shape) overflows") }
        let size = library.typeSize(type)
        guard size > 0 else { throw Failure("its type is damaged") }
        let isChunked = try checkStorage(list)
        let slab = isChunked ? try slab(list, shape, size) : 0
        var kind = try kind(type, size)
        var stored: DType?
        if case .number(let dtype) = kind { stored = dtype == .f32 && size == 2 ? .f16 : dtype }
        let decoding = try HDF5Decoding(dataset, list: list, stored: stored, library)
        if decoding.isScaled, stored != nil { kind = .number(.f64) }
        let characters = library.typeClass(type) == 3 ? max(0, library.characters(type)) : 0
        return Dataset(
            path: path, kind: kind, stored: decoding.isScaled ? nil : stored, shape: shape, decoding: decoding,
            slab: slab, characters: characters)
    }

    private func kind(_ type: ID, _ size: Int) throws(Failure) -> Dataset.Kind {
        switch library.typeClass(type) {
        case 0 where size <= 8: return .number(size == 8 && library.sign(type) == 0 ? .u64 : .i64)
        // Half precision is widened.
        case 1: return .number(size <= 4 ? .f32 : .f64)
        case 3:
            if library.isVariable(type) > 0 { return .variableText }
            guard size <= Self.mostCharacters else { throw Failure("texts of \(size) characters") }
            return .text(width: size)
        default: throw Failure("its type is neither a number nor a text")
        }
    }

    /// - Returns: whether the data is stored in chunks.
    private func checkStorage(_ list: ID) throws(Failure) -> Bool {
        guard library.externalCount(list) <= 0 else {
            throw Failure("its data lies in other files, which are not read (external storage)")
        }
        let layout = library.layout(list)
        guard (0...2).contains(layout) else {
            throw Failure("its data lies in other datasets, which are not read (virtual dataset)")
        }
        for index in 0..<UInt32(max(0, library.filterCount(list))) {
            var (flags, count): (UInt32, Int) = (0, 0)
            var name = [CChar](repeating: 0, count: 256)
            let filter = unsafe library.filter(list, index, &flags, &count, nil, name.count, &name, nil)
            guard filter >= 0, library.hasFilter(filter) > 0 else {
                let known = String(zeroTerminated: name)
                throw Failure(
                    "needs the filter \(filter)\(known.isEmpty ? "" : " (\(known.quoted))"): plugins are not loaded"
                )
            }
        }
        return layout == 2
    }

    private func slab(_ list: ID, _ shape: [Int], _ size: Int) throws(Failure) -> Int {
        var lengths = [UInt64](repeating: 0, count: shape.count)
        guard !shape.isEmpty, unsafe library.chunk(list, Int32(shape.count), &lengths) == shape.count,
            !lengths.contains(0)
        else { throw Failure("its chunks are damaged") }
        let chunk = lengths.reduce(Double(size)) { $0 * Double($1) }
        guard chunk <= Double(Self.mostChunk) else {
            throw Failure("has chunks of \(chunk) bytes, at most \(Self.mostChunk) are read")
        }
        let across = zip(shape, lengths).dropFirst().reduce(chunk) { bytes, axis in
            bytes * (Double(axis.0) / Double(axis.1)).rounded(.up)
        }
        return Int(min(across, Double(Self.mostCache)))
    }
}
