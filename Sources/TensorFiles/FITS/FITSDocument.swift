import Platform

/// A FITS file that cfitsio reads: its units (HDUs) and their data. Any number of threads may call.
final class FITSDocument: Sendable {
    let name: String
    private let source: any ByteSource
    private let isGzip: Bool
    let library: CFitsio

    /// An image as its header declares it.
    struct Image {
        let dtype: DType
        /// Slowest axis first.
        let shape: [Int]
        /// Whether some values may be undefined (BLANK, or NaN of compressed floats).
        let hasNulls: Bool
        /// Whether it is stored as compressed tiles in a table.
        let isCompressed: Bool
    }

    /// A column of a table as its header declares it.
    struct Column {
        enum Kind {
            case number(DType)
            case text(width: Int)
            /// Not read, for this reason.
            case refused(String)
        }

        let number: Int32
        let name: String
        let kind: Kind
        /// Whether integers are stored, one of which (TNULL) may stand for undefined values.
        let hasNulls: Bool
        /// Of one row, slowest axis first; empty where a row has one number or string.
        let shape: [Int]
    }

    /// A header and its data (HDU).
    struct Unit {
        enum Content { case image(Image), table(rows: Int, columns: [Column]), empty }

        /// From 1.
        let number: Int32
        /// EXTNAME; empty where it is missing.
        let name: String
        let content: Content
    }

    init(_ source: any ByteSource, isGzip: Bool) throws(Failure) {
        name = source.name
        self.source = source
        self.isGzip = isGzip
        switch CFitsio.shared {
        case .success(let library): self.library = library
        case .failure(let missing): throw Failure(source.name, "FITS: \(missing.message)")
        }
    }

    deinit { close() }

    /// Closes the file. Reading it opens it again.
    func close() { library.close(self) }

    /// The file as the library opens it: a new inflated or fetched copy, if it is compressed or remote. Using more files at
    /// once than are kept open takes time, not disk space.
    func local() throws(Failure) -> LibraryFile { try LibraryFile(source, isGzip: isGzip) }
}

extension FITSDocument {
    func failure(_ what: String) -> Failure { Failure(name, "FITS: \(what)") }

    /// Name of a unit in error messages.
    func describe(_ unit: Unit) -> String {
        unit.name.isEmpty ? "unit \(unit.number)" : "unit \(unit.number) (\(unit.name.printable))"
    }
}
