import Platform

/// Reads numbers and strings of an HDF5 file through libhdf5.
extension HDF5Document {
    /// Numbers of `rows` of the first axis, row-major.
    func numbers(_ dataset: Dataset, _ dtype: DType, isUnsigned: Bool, rows: Range<Int>) throws(Failure) -> [UInt8] {
        let width = dataset.shape.dropFirst().reduce(1, *)
        let memory =
            switch dtype {
            case .f32: library.native.float32
            case .f64: library.native.float64
            default: isUnsigned ? library.native.uint64 : library.native.int64
            }
        var bytes = [UInt8](repeating: 0, count: rows.count * width * dtype.byteCount)
        try library.with(self) { opened throws(Failure) in
            let id = try self.dataset(dataset, &opened)
            try selecting(rows, of: dataset, id) { memorySpace, fileSpace in
                unsafe bytes.withUnsafeMutableBytes { target in
                    guard let out = target.baseAddress else { return 0 }
                    return unsafe library.read(id, memory, memorySpace, fileSpace, 0, out)
                }
            }
        }
        if isUnsigned, bytes.indices.contains(where: { $0 % 8 == 7 && bytes[$0] > 0x7F }) {
            throw failure("dataset \(dataset.path.quoted): a number is beyond 63 bits")
        }
        return bytes
    }

    /// Strings of `rows`, without their padding.
    func texts(_ dataset: Dataset, width: Int, rows: Range<Int>) throws(Failure) -> [String] {
        // One more than the characters, for the terminating zero.
        let stride = width + 1
        var characters = [CChar](repeating: 0, count: rows.count * stride)
        try library.with(self) { opened throws(Failure) in
            let type = try textType(dataset, size: stride)
            defer { _ = library.closeType(type) }
            let id = try self.dataset(dataset, &opened)
            try selecting(rows, of: dataset, id) { memorySpace, fileSpace in
                unsafe characters.withUnsafeMutableBytes { target in
                    guard let out = target.baseAddress else { return 0 }
                    return unsafe library.read(id, type, memorySpace, fileSpace, 0, out)
                }
            }
        }
        return (0..<rows.count).map { String(zeroTerminated: Array(characters[$0 * stride..<($0 + 1) * stride])) }
    }

    /// A type of strings in memory. HDF5 does not convert between character sets: it has that of the file.
    private func textType(_ dataset: Dataset, size: Int) throws(Failure) -> ID {
        let type = library.copyType(library.native.text)
        guard type >= 0, library.setSize(type, size) >= 0, library.setCharacters(type, dataset.characters) >= 0 else {
            _ = library.closeType(type)
            throw failure("dataset \(dataset.path.quoted): texts cannot be read")
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
            throw failure(
                "dataset \(dataset.path.quoted): rows from \(rows.lowerBound) on cannot be read: damaged or cut short")
        }
    }
}
