import Platform

/// Writes an HDF5 file with a dataset for each column, and notes as attributes of the root group.
///
/// It contains neither a time nor the name of a machine: the same rows give the same file.
public struct HDF5TableWriter: TableWriter {
    private let file: AtomicFile
    private let columns: [TableColumn]
    private let rows: Int
    private var written = 0
    private let output: HDF5Output

    /// Creates the file.
    /// - Parameter rows: of the whole table.
    /// - Throws: `Failure` where libhdf5 is not installed, or the file cannot be written.
    public init(path: String, columns: [TableColumn], rows: Int, notes: [TableNote]) throws(Failure) {
        let library = try HDF5Library.shared(for: path)
        file = try AtomicFile(path: path)
        (self.columns, self.rows) = (columns, rows)
        guard let unfinished = file.pathWhileOpen else {
            file.abandon()
            throw Failure(path, "cannot be written: HDF5 needs a file, not a pipe or a device")
        }
        do throws(Failure) {
            output = try HDF5Output(library, path: unfinished, name: path)
            for note in notes { try output.note(note.keyword, note.text) }
            for column in columns { try output.add(column, rows: rows) }
        } catch {
            file.abandon()
            throw error
        }
    }

    /// Checks that libhdf5 is installed.
    /// - Throws: `Failure` that says what to install.
    public static func check(path: String) throws(Failure) { _ = try HDF5Library.shared(for: path) }

    public mutating func append(_ block: [TableValues]) throws(Failure) {
        let count = try rows(of: block, columns, file: file.path)
        guard written + count <= rows else { throw Failure(file.path, "more than the \(rows) rows that were declared") }
        for (index, values) in block.enumerated() where count > 0 {
            try output.write(values, column: index, columns[index], rows: written..<written + count)
        }
        written += count
    }

    public mutating func finish() throws(Failure) {
        do throws(Failure) {
            guard written == rows else { throw Failure(file.path, "\(written) rows were written, \(rows) declared") }
            try output.close()
            try file.commit()
        } catch {
            abandon()
            throw error
        }
    }

    public func abandon() {
        try? output.close()
        file.abandon()
    }
}
