import Glibc

/// An open file, for libraries that open what they read by a path: `/proc/self/fd/N` leads to it, whatever it is called.
/// So no name that a user gives reaches a library that would find more in it than a path.
package final class LocalFile: Sendable {
    /// What errors call it.
    package let name: String
    private let descriptor: Int32
    package let byteCount: Int
    /// Of a copy that has to have one.
    private let temporaryName: String?

    /// The path that leads to it; the name of a copy that has one, until `forgetName`.
    package var path: String { temporaryName ?? "/proc/self/fd/\(descriptor)" }

    /// The file that `source` maps, or a copy of the bytes of any other one.
    /// - Parameters:
    ///   - isGzip: whether what is inflated of them is wanted.
    ///   - isNamed: whether a copy has to have a name until `forgetName`: the library opens nothing without one.
    package init(_ source: any ByteSource, isGzip: Bool = false, isNamed: Bool = false) throws(Failure) {
        name = source.name
        if !isGzip, source is MappedFile {
            descriptor = unsafe open(source.name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else {
                throw Failure(source.name, "cannot be opened: \(SystemError.text(errno))")
            }
            byteCount = source.byteCount
            temporaryName = nil
            return
        }
        let copy = try TemporaryCopy(of: source.name)
        if !isNamed { copy.forgetName() }
        if isGzip {
            try Gzip.inflate(source) { (piece: RawSpan) throws(Failure) in
                try copy.write(piece)
                return true
            }
        } else {
            let pieceSize = 4 << 20
            for start in stride(from: 0, to: source.byteCount, by: pieceSize) {
                let range = start..<min(start + pieceSize, source.byteCount)
                try source.withBytes(in: range) { (piece: RawSpan) throws(Failure) in try copy.write(piece) }
                source.release(range)
            }
        }
        (temporaryName, byteCount) = (isNamed ? copy.name : nil, copy.byteCount)
        descriptor = copy.detach()
    }

    deinit {
        forgetName()
        close(descriptor)
    }

    /// Up to `count` bytes from `offset` on; fewer where the file ends.
    package func read(_ count: Int, at offset: Int) throws(Failure) -> [UInt8] {
        do throws(FileCalls.Failure) {
            return try FileCalls.read(descriptor, at: offset, count: count)
        } catch {
            throw Failure(name, "cannot be read: \(error.text)")
        }
    }

    /// Takes a copy's name away: the file is gone when the last of those that have it open closes it, however the process
    /// ends.
    package func forgetName() { if let temporaryName { TemporaryCopy.remove(temporaryName) } }
}

/// A file in the folder for temporary files ($TMPDIR, else /tmp), for this user alone.
private final class TemporaryCopy {
    let name: String
    private let file: String
    private let folder: String
    private var descriptor: Int32
    private(set) var byteCount = 0

    /// - Parameter file: what is copied, for errors.
    init(of file: String) throws(Failure) {
        self.file = file
        let variable = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
        folder = variable.isEmpty ? "/tmp" : variable
        name = "\(folder)/cai-\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
        UnfinishedFiles.insert(name)
        descriptor = unsafe open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = errno
            UnfinishedFiles.remove(name)
            throw failure(reason)
        }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        forgetName()
    }

    /// Whoever has the file open can still read and write it.
    func forgetName() { Self.remove(name) }

    static func remove(_ name: String) {
        _ = unsafe unlink(name)
        UnfinishedFiles.remove(name)
    }

    func write(_ bytes: RawSpan) throws(Failure) {
        do throws(FileCalls.Failure) {
            try FileCalls.write(bytes, to: descriptor)
        } catch {
            throw failure(error.number)
        }
        byteCount += bytes.byteCount
    }

    /// Whose the file is from now on.
    func detach() -> Int32 {
        defer { descriptor = -1 }
        return descriptor
    }

    private func failure(_ reason: Int32) -> Failure {
        Failure(
            file, "cannot be copied to a temporary file in \(folder): \(SystemError.text(reason))")
    }
}
