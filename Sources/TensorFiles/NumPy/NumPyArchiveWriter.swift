import Platform
import Synchronization

/// Writes an `.npz` of arrays whose rows come in any order and from any thread. How many there are is known at the start,
/// so that each row's place in the file is, too: nothing is held but a checksum for each piece.
///
/// Entries are stored, in zip64 whatever their size (4 GB are 200,000 reconstructed galaxies): one form is tested, not
/// two. Data begins at multiples of 64 bytes.
public final class NumPyArchiveWriter: Sendable {
    /// An array [rows, shape...].
    public struct Member: Sendable {
        public let name: String
        /// NumPy's name of the type: `<f4`.
        let descr: String
        /// Of one row.
        public let shape: [Int]
        let elementSize: Int

        public static func float32(_ name: String, _ shape: [Int] = []) -> Member {
            Member(name: name, descr: NumPyWriter.Element.float32.rawValue, shape: shape, elementSize: 4)
        }
    }

    private struct Piece {
        let row: Int
        let rows: Int
        let sum: CRC32
    }

    private struct State {
        let file: AtomicFile
        /// Of each entry, in the order in which they came.
        var pieces: [[Piece]]
    }

    /// Where the file will be.
    public let path: String
    private let rows: Int
    private let entries: [ZipEntry]
    private let state: Mutex<State>

    /// Begins the file.
    /// - Throws: `Failure` when the file cannot be written, or is larger than 64 bits can say.
    public init(path: String, rows: Int, members: [Member]) throws(Failure) {
        var entries: [ZipEntry] = []
        var offset = 0
        for member in members {
            let entry = try ZipEntry(member, rows: rows, offset: offset, file: path)
            entries.append(entry)
            offset = entry.end
        }
        self.path = path
        self.rows = rows
        self.entries = entries
        let file = try AtomicFile(path: path)
        for entry in entries {
            try unsafe file.write(entry.header.span.bytes, at: entry.dataOffset - entry.header.count)
        }
        state = Mutex(State(file: file, pieces: entries.map { _ in [] }))
    }

    /// Puts rows of a member, counted as they were given, into their place.
    /// - Parameter values: whole rows.
    public func write(_ member: Int, at row: Int, _ values: Span<Float>) throws(Failure) {
        let bytes = unsafe values.bytes
        let entry = entries[member]
        let count = entry.rowSize > 0 ? bytes.byteCount / entry.rowSize : 0
        guard count * entry.rowSize == bytes.byteCount, row >= 0, row + count <= rows else {
            throw Failure(
                path, "\(bytes.byteCount) bytes at row \(row) of array \(entry.name.quoted)")
        }
        var sum = CRC32()
        sum.update(bytes)
        try state.withLock { (state) throws(Failure) in
            try state.file.write(bytes, at: entry.dataOffset + row * entry.rowSize)
            state.pieces[member].append(Piece(row: row, rows: count, sum: sum))
        }
    }

    /// Finishes the file and puts it in its place.
    /// - Throws: `Failure` when a row is missing or came twice, or the file cannot be written.
    public func finish() throws(Failure) {
        try state.withLock { (state) throws(Failure) in
            var directory = LittleEndian()
            for (index, entry) in entries.enumerated() {
                var sum = CRC32()
                unsafe sum.update(entry.header.span.bytes)
                var next = 0
                for piece in state.pieces[index].sorted(by: { $0.row < $1.row }) {
                    guard piece.row == next else { break }
                    sum.append(piece.sum, of: piece.rows * entry.rowSize)
                    next += piece.rows
                }
                guard next == rows else {
                    state.file.abandon()
                    throw Failure(
                        path,
                        "array \(entry.name.quoted): row \(next) of \(rows) is missing, or one came twice")
                }
                try state.file.patch(at: entry.offset, entry.local(sum))
                directory.bytes += entry.central(sum)
            }
            let start = entries.last?.end ?? 0
            directory.bytes += ZipEntry.directoryEnd(count: entries.count, start: start, size: directory.bytes.count)
            try state.file.patch(at: start, directory.bytes)
            try state.file.commit()
        }
    }

    /// Gives up: nothing is left behind.
    public func abandon() { state.withLock { $0.file.abandon() } }
}
