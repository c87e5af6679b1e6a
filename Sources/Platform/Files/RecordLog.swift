import Glibc
import Synchronization

/// A file to which records are appended during work, and which can be read again however the process ended.
///
/// Once `append` has returned, the record survives the process; it survives a failure of the machine only if it had reached
/// the disk. Each record has a CRC-32: of a file that is cut anywhere, all whole records are read. One process at a time has
/// the file open, provided that the file system supports locks.
///
/// Layout: 16 bytes of magic, then for each record its length and the CRC-32 of length and bytes (uint32, little-endian)
/// and its bytes. The first record is the header, which says what the others describe.
public final class RecordLog: Sendable {
    public let path: String
    /// nil where the file did not exist, or has no whole header.
    public let header: [UInt8]?
    /// Offset of the first record after the header.
    private let start: Int
    private let state: Mutex<State>

    private struct State {
        var descriptor: Int32
        var end: Int
    }

    private static let magic = Array("cai partial 1\n\0\0".utf8)
    private static let mostBytes = 1 << 30

    /// Opens the file, or creates it.
    /// - Throws: `Failure` where it cannot be opened, another process has it open, or it is not such a file.
    public init(path: String) throws(Failure) {
        self.path = path
        let descriptor = try Self.open(path)
        do throws(Failure) {
            let magic = try Self.read(path, descriptor, at: 0, count: Self.magic.count)
            guard Self.magic.starts(with: magic) else {
                throw Failure(path, "is in the way: expected the journal of an unfinished run, found something else")
            }
            let first = try Self.record(path, descriptor, at: Self.magic.count)
            header = first?.bytes
            start = first?.end ?? 0
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        state = Mutex(State(descriptor: descriptor, end: start))
    }

    deinit { close() }

    /// Whether a process has the log open, provided that the file system supports locks; nil where there is no log.
    public static func isOpen(_ path: String) -> Bool? {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        guard (try? read(path, descriptor, at: 0, count: magic.count)) == magic else { return nil }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Opens and locks the file; tries again where another process removed it in between.
    private static func open(_ path: String) throws(Failure) -> Int32 {
        var left = 20
        while true {
            let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else {
                let error = SystemError()
                guard error.number == ELOOP || error.number == EISDIR else { throw failure(path, error) }
                throw Failure(path, "is in the way: it is a \(error.number == ELOOP ? "symbolic link" : "folder")")
            }
            if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
                Glibc.close(descriptor)
                // A process that was just killed still holds it for a moment.
                left -= 1
                guard left > 0 else { throw Failure(.conflict, path, "is being written by another process") }
                usleep(100_000)
                continue
            }
            var (opened, named) = (stat(), stat())
            guard unsafe fstat(descriptor, &opened) == 0, opened.st_mode & S_IFMT == S_IFREG else {
                Glibc.close(descriptor)
                throw Failure(path, "is not a regular file")
            }
            if unsafe stat(path, &named) == 0, named.st_ino == opened.st_ino, named.st_dev == opened.st_dev {
                return descriptor
            }
            Glibc.close(descriptor)
        }
    }

    /// Whether a record follows the header.
    public var hasRecords: Bool {
        get throws(Failure) {
            guard header != nil else { return false }
            return try state.withLock { (state: inout State) throws(Failure) in
                try Self.record(path, state.descriptor, at: start) != nil
            }
        }
    }

    /// Discards all content and writes a new header.
    public func begin(header: [UInt8]) throws(Failure) {
        try state.withLock { (state: inout State) throws(Failure) in
            guard ftruncate(state.descriptor, 0) == 0 else { throw Self.failure(path, SystemError()) }
            state.end = 0
            try put(Self.magic + Self.framed(header), &state)
        }
    }

    /// Calls `body` with every whole record after the header, in order, and cuts off the bytes after the last of them.
    public func replay(_ body: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
        try state.withLock { (state: inout State) throws(Failure) in
            state.end = start
            while let record = try Self.record(path, state.descriptor, at: state.end) {
                try body(record.bytes)
                state.end = record.end
            }
            guard ftruncate(state.descriptor, state.end) == 0 else { throw Self.failure(path, SystemError()) }
        }
    }

    /// Appends a record, after `begin` or `replay`. Any thread may call.
    public func append(_ record: [UInt8]) throws(Failure) {
        try state.withLock { (state: inout State) throws(Failure) in try put(Self.framed(record), &state) }
    }

    /// Closes the file without removing it.
    public func close() {
        state.withLock { state in
            if state.descriptor >= 0 { Glibc.close(state.descriptor) }
            state.descriptor = -1
        }
    }

    /// Closes and removes the file; does nothing once it is closed.
    public func remove() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            _ = unsafe unlink(path)
            Glibc.close(state.descriptor)
            state.descriptor = -1
        }
    }

    // MARK: Bytes

    private static func framed(_ record: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.append32(record.count)
        frame.append32(Int(checksum(record)))
        return frame + record
    }

    private static func checksum(_ record: [UInt8]) -> UInt32 {
        var count: [UInt8] = []
        count.append32(record.count)
        var sum = CRC32(count)
        sum.update(record.span.rawSpan)
        return sum.value
    }

    /// The record at `offset`, and the offset of the next one; nil where no whole record begins.
    private static func record(
        _ path: String, _ descriptor: Int32, at offset: Int
    ) throws(Failure) -> (bytes: [UInt8], end: Int)? {
        let frame = try read(path, descriptor, at: offset, count: 8)
        guard frame.count == 8 else { return nil }
        let (count, sum) = (frame.span.rawSpan.uint32(at: 0), frame.span.rawSpan.uint32(at: 4))
        guard count <= mostBytes else { return nil }
        let bytes = try read(path, descriptor, at: offset + 8, count: Int(count))
        guard bytes.count == Int(count), checksum(bytes) == sum else { return nil }
        return (bytes, offset + 8 + bytes.count)
    }

    /// Bytes from `offset` on: `count`, or fewer where the file ends.
    private static func read(
        _ path: String, _ descriptor: Int32, at offset: Int, count: Int
    ) throws(Failure) -> [UInt8] {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, SystemError()) }
        let count = max(0, min(count, Int(status.st_size) - offset))
        return try FileCalls.read(descriptor, at: offset, count: count) { failure(path, $0) }
    }

    private func put(_ bytes: [UInt8], _ state: inout State) throws(Failure) {
        try FileCalls.write(bytes.span.rawSpan, to: state.descriptor, at: state.end) { Self.failure(path, $0) }
        state.end += bytes.count
    }

    private static func failure(_ path: String, _ error: SystemError) -> Failure {
        Failure(path, "cannot be written", error)
    }
}
