import Platform

/// An HDF5 file, read through libhdf5: its datasets, and their numbers. Any number of threads may ask.
final class HDF5Document: Sendable {
    let name: String
    let library: HDF5Library
    private let source: any ByteSource

    /// A dataset as it is declared.
    struct Dataset: Sendable {
        enum Kind: Sendable {
            case number(DType, isUnsigned: Bool)
            case text(width: Int)
            case variableText
        }

        /// Its groups' names, and its own: `group/images`.
        let path: String
        let kind: Kind
        /// Slowest axis first; empty for a scalar.
        let shape: [Int]
        /// Bytes of the chunks that hold a row, and the rows that lie in them with it.
        let slab: Int
        /// Of texts: the library's number of their character set, 0 ASCII and 1 UTF-8.
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

    /// Closes what is open. It is opened again when it is read again.
    func close() { library.close(self) }

    /// The file as the library opens it: fetched anew where it comes from far. Who opens more files at once than are held
    /// open pays for it with time, not with the disk.
    func local() throws(Failure) -> LocalFile { try LocalFile(source, isNamed: true) }

    func failure(_ what: String) -> Failure { Failure(name, "HDF5: \(what)") }
}
