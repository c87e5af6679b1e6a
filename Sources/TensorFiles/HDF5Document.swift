import Synchronization

/// An HDF5 file, read through libhdf5: its datasets, and their numbers. Any number of threads may ask.
final class HDF5Document: Sendable {
    let name: String
    let library: HDF5Library
    private let source: any ByteSource
    /// The copy of a file that comes from far, which is kept.
    private let copy = Mutex<LocalFile?>(nil)

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
    }

    init(_ source: any ByteSource) throws(TensorFileError) {
        name = source.name
        self.source = source
        switch HDF5Library.shared {
        case .success(let library): self.library = library
        case .failure(let missing): throw TensorFileError(file: source.name, message: "HDF5: \(missing.message)")
        }
    }

    deinit { close() }

    var byteCount: Int { source.byteCount }

    /// Closes what is open. It is opened again when it is read again.
    func close() { library.close(self) }

    /// The file as the library opens it: a copy, fetched once, where it comes from far.
    func local() throws(TensorFileError) -> LocalFile {
        guard source.isRemote else { return try LocalFile(source, isGzip: false) }
        return try copy.withLock { (copy) throws(TensorFileError) -> LocalFile in
            if let copy { return copy }
            let file = try LocalFile(source, isGzip: false)
            copy = file
            return file
        }
    }

    func failure(_ what: String) -> TensorFileError { TensorFileError(file: name, message: "HDF5: \(what)") }
}
