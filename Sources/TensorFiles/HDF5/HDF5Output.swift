import Platform

/// A file that libhdf5 writes. Closed when it is released.
final class HDF5Output {
    typealias ID = HDF5Library.ID

    private let library: HDF5Library
    /// Name in error messages.
    private let name: String
    private var file: ID = -1
    private var datasets: [ID] = []

    /// - Parameter path: of an empty file.
    init(_ library: HDF5Library, path: String, name: String) throws(Failure) {
        (self.library, self.name) = (library, name)
        file = try library.locked { () throws(Failure) in
            let access = library.unlockedAccess()
            defer { _ = library.closeList(access) }
            // H5F_ACC_TRUNC.
            return unsafe library.makeFile(path, 2, 0, access)
        }
        guard file >= 0 else { throw failure("cannot be written") }
    }

    deinit { try? close() }

    /// An attribute of the root group.
    func note(_ name: String, _ text: String) throws(Failure) {
        try library.locked { () throws(Failure) in try attribute(file, name, text) }
    }

    /// A dataset for a column.
    func add(_ column: TableColumn, rows: Int) throws(Failure) {
        try library.locked { () throws(Failure) in
            let space = unsafe library.makeSpace(1, [UInt64(rows)], nil)
            defer { _ = library.closeSpace(space) }
            let list = library.makeList(library.lists.datasetCreation)
            defer { _ = library.closeList(list) }
            _ = library.setTimes(list, false)
            let type =
                switch column.kind {
                case .float32: library.copyType(library.stored.float32)
                case .float64: library.copyType(library.stored.float64)
                case .int64: library.copyType(library.stored.int64)
                case .text(let width): textType(width)
                }
            defer { _ = library.closeType(type) }
            let dataset = unsafe library.makeDataset(file, column.name, type, space, 0, list, 0)
            guard dataset >= 0 else { throw failure("dataset \(column.name.quoted) cannot be made") }
            datasets.append(dataset)
            try attribute(dataset, "description", column.description)
            if let unit = column.unit { try attribute(dataset, "units", unit) }
        }
    }

    /// Rows of a column.
    func write(_ values: TableValues, column index: Int, _ column: TableColumn, rows: Range<Int>) throws(Failure) {
        switch values {
        case .floats(let numbers):
            try write(index, rows, library.native.float32) { unsafe library.write($0, $1, $2, $3, 0, numbers) }
        case .doubles(let numbers):
            try write(index, rows, library.native.float64) { unsafe library.write($0, $1, $2, $3, 0, numbers) }
        case .integers(let numbers):
            try write(index, rows, library.native.int64) { unsafe library.write($0, $1, $2, $3, 0, numbers) }
        case .texts(let texts):
            guard case .text(let width) = column.kind else { return }
            var bytes: [UInt8] = []
            for text in texts {
                let text = Array(text.utf8.prefix(max(1, width)))
                bytes += text
                bytes += [UInt8](repeating: 0, count: max(1, width) - text.count)
            }
            try write(index, rows, nil, width: width) { unsafe library.write($0, $1, $2, $3, 0, bytes) }
        }
    }

    /// Closes all datasets and the file, which writes the data that the library still buffers.
    func close() throws(Failure) {
        guard file >= 0 else { return }
        let isWhole = try library.locked { () throws(Failure) -> Bool in
            var isWhole = true
            for dataset in datasets where library.closeDataset(dataset) < 0 { isWhole = false }
            return library.closeFile(file) >= 0 && isWhole
        }
        (datasets, file) = ([], -1)
        guard isWhole else { throw failure("cannot be written: the disk may be full") }
    }

    /// - Parameter body: writes, given the dataset, the type in memory, and the spaces in memory and in the file.
    private func write(
        _ index: Int, _ rows: Range<Int>, _ type: ID?, width: Int = 0, _ body: (ID, ID, ID, ID) -> Int32
    ) throws(Failure) {
        let status = try library.locked { () throws(Failure) -> Int32 in
            let memoryType = type ?? textType(width)
            defer { if type == nil { _ = library.closeType(memoryType) } }
            let space = library.space(datasets[index])
            let memory = unsafe library.makeSpace(1, [UInt64(rows.count)], nil)
            defer {
                _ = library.closeSpace(space)
                _ = library.closeSpace(memory)
            }
            guard unsafe library.select(space, 0, [UInt64(rows.lowerBound)], nil, [UInt64(rows.count)], nil) >= 0 else {
                return -1
            }
            return body(datasets[index], memoryType, memory, space)
        }
        guard status >= 0 else { throw failure("cannot be written: the disk may be full") }
    }

    private func attribute(_ owner: ID, _ name: String, _ text: String) throws(Failure) {
        let bytes = Array(text.utf8)
        let type = textType(bytes.count)
        let space = unsafe library.makeSpace(0, [], nil)
        let attribute = unsafe library.makeAttribute(owner, name, type, space, 0, 0)
        let status = unsafe library.writeAttribute(attribute, type, bytes + [0])
        _ = library.closeAttribute(attribute)
        _ = library.closeSpace(space)
        _ = library.closeType(type)
        guard status >= 0 else { throw failure("attribute \(name.quoted) cannot be written") }
    }

    /// UTF-8 strings of a fixed width, padded with zeros.
    private func textType(_ width: Int) -> ID {
        let type = library.copyType(library.native.text)
        _ = library.setSize(type, max(1, width))
        _ = library.setCharacters(type, 1)
        // H5T_STR_NULLPAD: no terminating zero is necessary.
        _ = library.setPadding(type, 1)
        return type
    }

    private func failure(_ what: String) -> Failure { Failure(name, "HDF5: \(what)") }
}
