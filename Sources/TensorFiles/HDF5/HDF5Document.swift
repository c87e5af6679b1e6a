import Platform

/// An HDF5 file that libhdf5 reads: its datasets and their data. Any number of threads may call.
final class HDF5Document: Sendable {
    let name: String
    let library: HDF5Library
    private let source: any ByteSource
    /// Bytes before the superblock (a user block), from which the file counts addresses.
    let start: Int

    /// A dataset as the file declares it.
    struct Dataset: Sendable {
        enum Kind: Sendable {
            case number(DType)
            case text(width: Int)
            case variableText
        }

        /// Path within the file: `group/images`.
        let path: String
        let kind: Kind
        /// The type of numbers in the file, where they are not decoded.
        let stored: DType?
        /// Slowest axis first; empty for a scalar.
        let shape: [Int]
        /// What the stored numbers mean.
        let decoding: HDF5Decoding
        /// Bytes of the chunks that contain a row, other rows included.
        let slab: Int
        /// Character set of strings: 0 ASCII, 1 UTF-8.
        let characters: Int32
    }

    init(_ source: any ByteSource) throws(Failure) {
        name = source.name
        self.source = source
        start = try HDF5File.start(in: source) ?? 0
        library = try HDF5Library.shared(for: source.name)
    }

    deinit { close() }

    var byteCount: Int { source.byteCount }

    /// Closes the file. Reading it opens it again.
    func close() { library.close(self) }

    /// The file as the library opens it: a new fetched copy, if it is remote. Using more files at once than are kept open
    /// takes time, not disk space.
    func local() throws(Failure) -> LibraryFile { try LibraryFile(source, isNamed: true) }

    func failure(_ what: String) -> Failure { Failure(name, "HDF5: \(what)") }

    func failure(_ dataset: Dataset, _ what: String) -> Failure {
        failure("dataset \(dataset.path.quoted): \(what)")
    }

    // MARK: Reading numbers and strings

    /// Numbers of `rows` of the first axis, row-major.
    func numbers(_ dataset: Dataset, _ dtype: DType, rows: Range<Int>) throws(Failure) -> [UInt8] {
        let width = dataset.shape.dropFirst().reduce(1, *)
        let memory =
            switch dtype {
            case .f32: library.native.float32
            case .f64: library.native.float64
            case .u64: library.native.uint64
            default: library.native.int64
            }
        var bytes = [UInt8](repeating: 0, count: rows.count * width * dtype.byteCount)
        try library.with(self) { opened throws(Failure) in
            let id = try self.dataset(dataset, &opened)
            try selecting(rows, of: dataset, id) { memorySpace, fileSpace in
                unsafe bytes.isEmpty ? 0 : library.read(id, memory, memorySpace, fileSpace, 0, &bytes)
            }
        }
        dataset.decoding.apply(to: &bytes, dtype)
        return bytes
    }

    /// Strings of `rows`, without their padding.
    func texts(_ dataset: Dataset, rows: Range<Int>) throws(Failure) -> [String] {
        guard case .text(let width) = dataset.kind else { return try variableTexts(dataset, rows: rows) }
        // One more than the characters, for the terminating zero.
        let stride = width + 1
        var characters = [CChar](repeating: 0, count: rows.count * stride)
        try library.with(self) { opened throws(Failure) in
            let type = try textType(dataset, size: stride)
            defer { _ = library.closeType(type) }
            let id = try self.dataset(dataset, &opened)
            try selecting(rows, of: dataset, id) { memorySpace, fileSpace in
                unsafe characters.isEmpty ? 0 : library.read(id, type, memorySpace, fileSpace, 0, &characters)
            }
        }
        var texts: [String] = []
        for (index, row) in rows.enumerated() {
            let bytes = characters[index * stride..<(index + 1) * stride].map { UInt8(bitPattern: $0) }
            guard let text = String(padded: bytes[...]) else { throw failure(dataset, "row \(row) is not UTF-8") }
            texts.append(text)
        }
        return texts
    }

    /// The strings of these attributes of the root group, as far as they are there.
    func notes(_ names: [String]) throws(Failure) -> [String: String] {
        try library.with(self) { opened throws(Failure) in
            var notes: [String: String] = [:]
            for name in names { notes[name] = library.attributes.text(name, of: opened.file, library) }
            return notes
        }
    }

    /// A type of strings in memory. HDF5 does not convert between character sets: it has that of the file.
    private func textType(_ dataset: Dataset, size: Int) throws(Failure) -> ID {
        let type = library.copyType(library.native.text)
        guard type >= 0, library.setSize(type, size) >= 0, library.setCharacters(type, dataset.characters) >= 0 else {
            _ = library.closeType(type)
            throw failure(dataset, "texts cannot be read")
        }
        return type
    }

    /// The open dataset, with a cache for the chunks that contain the next rows too.
    func dataset(_ dataset: Dataset, _ opened: inout HDF5Library.Opened) throws(Failure) -> ID {
        if let id = opened.datasets[dataset.path] { return id }
        let access = library.makeList(library.lists.datasetAccess)
        defer { _ = library.closeList(access) }
        // The number of slots is a prime, about a hundred for each cached chunk; chunks read completely are evicted first.
        _ = library.setCache(access, 12_421, max(1 << 20, dataset.slab), 1)
        let id = unsafe library.openDataset(opened.file, dataset.path, access)
        guard id >= 0 else { throw failure("dataset \(dataset.path.quoted) cannot be opened") }
        opened.datasets[dataset.path] = id
        return id
    }

    /// Calls `body` with the dataspaces of `rows` in memory and in the file.
    private func selecting(
        _ rows: Range<Int>, of dataset: Dataset, _ id: ID, _ body: (ID, ID) -> Int32
    ) throws(Failure) {
        let space = library.space(id)
        defer { _ = library.closeSpace(space) }
        var status: Int32 = -1
        if dataset.shape.isEmpty {
            status = body(0, 0)
        } else {
            let start = [UInt64(rows.lowerBound)] + [UInt64](repeating: 0, count: dataset.shape.count - 1)
            let count = [UInt64(rows.count)] + dataset.shape.dropFirst().map { UInt64($0) }
            let memory = unsafe library.makeSpace(Int32(count.count), count, nil)
            defer { _ = library.closeSpace(memory) }
            if unsafe memory >= 0 && library.select(space, 0, start, nil, count, nil) >= 0 {
                status = body(memory, space)
            }
        }
        guard status >= 0 else {
            throw failure(dataset, "rows from \(rows.lowerBound) on cannot be read: damaged or cut short")
        }
    }
}
