import Platform

/// A FITS file, read through cfitsio: what is in its units, and their numbers. Any number of threads may ask.
final class FITSDocument: Sendable {
    let name: String
    private let source: any ByteSource
    private let isGzip: Bool
    let library: CFitsio

    /// An image as it is declared.
    struct Image {
        let dtype: DType
        /// Slowest axis first.
        let shape: [Int]
        /// Whether some numbers stand for none.
        let hasNulls: Bool
        /// Whether it lies in tiles, as the column of a table.
        let isCompressed: Bool
    }

    /// A column of a table as it is declared.
    struct Column {
        enum Kind {
            case number(DType)
            case text(width: Int)
            /// Why it is not read.
            case refused(String)
        }

        let number: Int32
        let name: String
        let kind: Kind
        /// Whether integers are stored, one of which (TNULL) may stand for none.
        let hasNulls: Bool
        /// Of one row, slowest axis first; empty where a row has one number or text.
        let shape: [Int]
    }

    /// A header and its data.
    struct Unit {
        enum Content { case image(Image), table(rows: Int, columns: [Column]), empty }

        /// From 1.
        let number: Int32
        /// EXTNAME; empty where there is none.
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

    /// Closes what is open. It is opened again when it is read again.
    func close() { library.close(self) }

    /// The file as the library opens it: inflated anew where it is compressed, fetched anew where it comes from far. Who
    /// opens more files at once than are held open pays for it with time, not with the disk.
    func local() throws(Failure) -> LocalFile { try LocalFile(source, isGzip: isGzip) }
}

extension FITSDocument {
    func failure(_ what: String) -> Failure { Failure(name, "FITS: \(what)") }

    /// What errors call a unit.
    func describe(_ unit: Unit) -> String {
        unit.name.isEmpty ? "unit \(unit.number)" : "unit \(unit.number) (\(unit.name.printable))"
    }
}
