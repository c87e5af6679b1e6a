import Platform

/// Strings of variable length. They are stored in heaps that many strings share; a dataset has a reference for each. libhdf5
/// (1.10) copies as many bytes as the heap declares into a buffer as long as the reference declares, which a damaged file
/// overruns: the library only locates the references, and this code follows them.
/// Format: HDF5 File Format Specification 3.0, III.E (global heap) and VIII.C (references into it)
extension HDF5Document {
    /// Bytes of a reference: length, address of the heap, index of the object in it.
    private static let referenceSize = 16
    private static let mostHeap = 64 << 20
    private static let undefined = UInt64.max

    /// Strings of `rows`, each of its own length.
    func variableTexts(_ dataset: Dataset, rows: Range<Int>) throws(Failure) -> [String] {
        func damaged() -> Failure {
            failure(dataset, "rows from \(rows.lowerBound) on cannot be read: damaged or cut short")
        }
        return try library.with(self) { opened throws(Failure) in
            let local = opened.local
            // The size of addresses, which both kinds of superblock state.
            let start = try local.read(14, at: self.start)
            guard start.count == 14, start[start[8] < 2 ? 13 : 9] == 8 else { throw damaged() }
            let references = try references(dataset, try self.dataset(dataset, &opened), rows, local)
            var heap: (address: UInt64, objects: HDF5Heap)?
            var texts: [String] = []
            texts.reserveCapacity(rows.count)
            for reference in references {
                let (length, address, index) = try MemorySource(name: name, bytes: reference).withBytes(
                    in: 0..<Self.referenceSize
                ) { bytes in (Int(bytes.uint32(at: 0)), bytes.uint64(at: 4), bytes.uint32(at: 12)) }
                guard length > 0, address != 0, address != Self.undefined else {
                    texts.append("")
                    continue
                }
                guard length <= Self.mostCharacters else {
                    throw failure(dataset, "has a text of \(length) bytes: at most \(Self.mostCharacters) are read")
                }
                if heap?.address != address {
                    let (place, overflow) = address.addingReportingOverflow(UInt64(self.start))
                    guard !overflow, let found = try HDF5Heap(local, at: place, most: Self.mostHeap) else {
                        throw damaged()
                    }
                    heap = (address, found)
                }
                guard let bytes = heap?.objects.text(index, length: length) else {
                    throw damaged()
                }
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw failure(dataset, "row \(rows.lowerBound + texts.count) is not UTF-8")
                }
                texts.append(text)
            }
            return texts
        }
    }

    /// The references of `rows`; zeros where nothing was written.
    private func references(
        _ dataset: Dataset, _ id: ID, _ rows: Range<Int>, _ local: LibraryFile
    ) throws(Failure) -> [[UInt8]] {
        let list = library.creation(id)
        defer { _ = library.closeList(list) }
        let size = Self.referenceSize
        let none = [UInt8](repeating: 0, count: size)
        func split(_ bytes: [UInt8], _ rows: Range<Int>) throws(Failure) -> [[UInt8]] {
            guard rows.upperBound * size <= bytes.count else {
                throw failure(dataset, "damaged or cut short")
            }
            return rows.map { Array(bytes[$0 * size..<($0 + 1) * size]) }
        }
        func read(_ count: Int, at address: UInt64) throws(Failure) -> [UInt8] {
            guard address <= UInt64(local.byteCount), count <= local.byteCount - Int(address) else { return [] }
            return try local.read(count, at: Int(address))
        }
        switch library.layout(list) {
        case 1:
            let address = library.offset(id)
            guard address != Self.undefined else { return rows.map { _ in none } }
            let start = address.addingReportingOverflow(UInt64(rows.lowerBound * size))
            guard !start.overflow else { throw failure(dataset, "damaged") }
            return try split(try read(rows.count * size, at: start.partialValue), 0..<rows.count)
        case 2:
            var length: [UInt64] = [0]
            guard let chunkPlace = unsafe library.chunkPlace, unsafe library.chunk(list, 1, &length) == 1,
                length[0] > 0,
                length[0] <= UInt64(Self.mostHeap / size)
            else { throw failure(dataset, "texts of variable length in chunks cannot be read") }
            guard self.start == 0 || library.attributes.omitsUserBlock else {
                throw failure(dataset, "texts of variable length in chunks behind a user block are not read")
            }
            let step = Int(length[0])
            var found: [[UInt8]] = []
            var row = rows.lowerBound
            while row < rows.upperBound {
                let first = row / step * step
                let part = row - first..<min(rows.upperBound - first, step)
                var (filters, address, stored): (UInt32, UInt64, UInt64) = (0, 0, 0)
                guard unsafe chunkPlace(id, [UInt64(first)], &filters, &address, &stored) >= 0 else {
                    throw failure(dataset, "its chunks are damaged")
                }
                if address == Self.undefined || stored == 0 {
                    found += part.map { _ in none }
                } else {
                    let (place, overflow) = address.addingReportingOverflow(UInt64(self.start))
                    guard !overflow else { throw failure(dataset, "damaged") }
                    let bytes = try read(Int(clamping: stored), at: place)
                    found += try split(try unfiltered(bytes, list, skipping: filters, step * size, dataset), part)
                }
                row = first + part.upperBound
            }
            return found
        default: throw failure(dataset, "texts of variable length within its header: not read")
        }
    }

    /// The bytes of a chunk with its filters undone.
    private func unfiltered(
        _ stored: [UInt8], _ list: ID, skipping: UInt32, _ size: Int, _ dataset: Dataset
    ) throws(Failure) -> [UInt8] {
        var bytes = stored
        for index in (0..<UInt32(max(0, min(32, library.filterCount(list))))).reversed()
        where skipping >> index & 1 == 0 {
            var (flags, count): (UInt32, Int) = (0, 0)
            switch unsafe library.filter(list, index, &flags, &count, nil, 0, nil, nil) {
            case 1:  // deflate, in zlib's format: 2 bytes before and 4 after it
                guard bytes.count > 6 else { throw failure(dataset, "a chunk is damaged") }
                var inflated: [UInt8] = []
                try Inflate.pieces(
                    of: MemorySource(name: name, bytes: bytes), in: 2..<bytes.count - 4, size: size, entry: dataset.path
                ) { piece in
                    inflated += piece.array(0..<piece.byteCount)
                    return true
                }
                bytes = inflated
            case 2:  // shuffle: all first bytes, then all second ones
                let items = bytes.count / Self.referenceSize
                let plain = bytes
                for item in 0..<items {
                    for byte in 0..<Self.referenceSize {
                        bytes[item * Self.referenceSize + byte] = plain[byte * items + item]
                    }
                }
            case let filter:
                throw failure(dataset, "texts of variable length behind filter \(filter) are not read")
            }
        }
        return bytes
    }
}

/// A global heap: objects that datasets refer to.
private struct HDF5Heap {
    private var objects: [UInt32: Range<Int>] = [:]
    private let bytes: [UInt8]
    private static let headerSize = 16

    /// nil where no heap begins at that address, or it is longer than the file or `most`.
    init?(_ file: LibraryFile, at address: UInt64, most: Int) throws(Failure) {
        guard address < UInt64(file.byteCount) else { return nil }
        let start = Int(address)
        let head = try file.read(Self.headerSize, at: start)
        let size = try MemorySource(name: file.name, bytes: head).withBytes(in: 0..<head.count) { bytes -> UInt64 in
            bytes.byteCount == Self.headerSize && bytes.starts(with: Array("GCOL".utf8)) ? bytes.uint64(at: 8) : 0
        }
        guard size >= UInt64(Self.headerSize), size <= UInt64(min(most, file.byteCount - start)) else { return nil }
        let all = try file.read(Int(size), at: start)
        bytes = all
        objects = try MemorySource(name: file.name, bytes: all).withBytes(in: 0..<all.count) { bytes in
            var objects: [UInt32: Range<Int>] = [:]
            var offset = Self.headerSize
            while bytes.byteCount - offset >= Self.headerSize {
                let index = UInt32(bytes.uint16(at: offset))
                let length = bytes.uint64(at: offset + 8)
                offset += Self.headerSize
                // Index 0 marks the free space.
                guard index != 0, length <= UInt64(bytes.byteCount - offset) else { break }
                objects[index] = offset..<offset + Int(length)
                offset += (Int(length) + 7) / 8 * 8
            }
            return objects
        }
    }

    /// The bytes of a string up to its first zero; nil where there is no object of at least that length.
    func text(_ index: UInt32, length: Int) -> ArraySlice<UInt8>? {
        guard let range = objects[index], length <= range.count else { return nil }
        return bytes[range].prefix(length).prefix { $0 != 0 }
    }
}
