import Platform
import Synchronization

/// Writes an `.npz` of float32 arrays whose rows come in any order and from any thread. The number of rows is known at the
/// start, and with it the offset of each row in the file: only a checksum for each piece is kept in memory.
///
/// Entries are stored, in zip64 whatever their size (200,000 reconstructed galaxies have 4 GB): one form is tested, not two.
public final class NumPyArchiveWriter: Sendable {
    /// An array [rows, shape...].
    public struct Member: Sendable {
        public let name: String
        /// Of one row.
        public let shape: [Int]

        public static func float32(_ name: String, _ shape: [Int] = []) -> Member { Member(name: name, shape: shape) }
    }

    /// The final path of the file.
    public let path: String
    private let rows: Int
    private let layouts: [NumPyLayout]
    private let archive: Mutex<ZipWriter>

    /// Creates the file.
    /// - Throws: `Failure` when the file cannot be written, or is larger than 64 bits can express.
    public init(path: String, rows: Int, members: [Member]) throws(Failure) {
        var layouts: [NumPyLayout] = []
        for member in members {
            let shape = [rows] + member.shape
            guard let layout = NumPyLayout(.f32, shape: shape) else {
                throw Failure(path, "array \(member.name.quoted): shape \(shape) overflows")
            }
            layouts.append(layout)
        }
        let entries = zip(members, layouts).map { (name: $0.name + ".npy", size: $1.byteCount) }
        var archive = try ZipWriter(path: path, entries: entries, isZip64: true)
        for (index, layout) in layouts.enumerated() {
            try archive.write(layout.header.span.rawSpan, sum: CRC32(layout.header), entry: index, at: 0)
        }
        (self.path, self.rows, self.layouts) = (path, rows, layouts)
        self.archive = Mutex(archive)
    }

    /// Writes rows of a member, which are numbered as they were declared.
    /// - Parameter values: whole rows, the first of them number `row`.
    public func write(_ member: Int, at row: Int, _ values: Span<Float>) throws(Failure) {
        let bytes = values.rawSpan
        let layout = layouts[member]
        let count = layout.rowSize > 0 ? bytes.byteCount / layout.rowSize : 0
        guard count * layout.rowSize == bytes.byteCount, row >= 0, row + count <= rows else {
            let name = archive.withLock { $0.entries[member].name }
            throw Failure(path, "\(bytes.byteCount) bytes at row \(row) of array \(name.quoted)")
        }
        let sum = CRC32(bytes)
        try archive.withLock { (archive) throws(Failure) in
            try archive.write(bytes, sum: sum, entry: member, at: layout.offset(ofRow: row))
        }
    }

    /// Completes the file.
    /// - Throws: `Failure` when a row is missing or was written twice, or the file cannot be written.
    public func finish() throws(Failure) {
        try archive.withLock { (archive) throws(Failure) in
            for (index, layout) in layouts.enumerated() {
                guard let gap = archive.firstGap(entry: index) else { continue }
                archive.file.abandon()
                let (name, row) = (archive.entries[index].name, (gap - layout.header.count) / max(1, layout.rowSize))
                throw Failure(path, "array \(name.quoted): row \(row) of \(rows) is missing, or one came twice")
            }
            try archive.finish()
            try archive.file.commit()
        }
    }

    /// Removes the unfinished file.
    public func abandon() { archive.withLock { $0.file.abandon() } }
}
