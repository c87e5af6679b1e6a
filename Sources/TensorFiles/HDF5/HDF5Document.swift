import Platform

/// An HDF5 file that libhdf5 reads: its datasets and their data. Any number of threads may call.
final class HDF5Document: Sendable {
    let name: String
    let library: HDF5Library
    private let source: any ByteSource

    /// A dataset as the file declares it.
    struct Dataset: Sendable {
        enum Kind: Sendable {
            case number(DType, isUnsigned: Bool)
            case text(width: Int)
            case variableText
        }

        /// Path within the file: `group/images`.
        let path: String
        let kind: Kind
        /// Slowest axis first; empty for a scalar.
        let shape: [Int]
        /// Bytes of the chunks that contain a row, other rows included.
        let slab: Int
        /// Character set of strings: 0 ASCII, 1 UTF-8.
        let characters: Int32
    }

    init(_ source: any ByteSource) throws(Failure) {
        name = source.name
        self.source = source
        switch HDF5Library.shared {
        case .success(let library): self.library = library
        case .failure(let missing): throw Failure(source.name, "HDF5: \(missing.message)")
        }
    }

    deinit { close() }

    var byteCount: Int { source.byteCount }

    /// Closes the file. Reading it opens it again.
    func close() { library.close(self) }

    /// The file as the library opens it: a new fetched copy, if it is remote. Using more files at once than are kept open
    /// takes time, not disk space.
    func local() throws(Failure) -> LibraryFile { try LibraryFile(source, isNamed: true) }

    func failure(_ what: String) -> Failure { Failure(name, "HDF5: \(what)") }
}
