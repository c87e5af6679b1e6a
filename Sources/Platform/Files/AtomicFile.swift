import Glibc

/// A file that appears complete or not at all: written beside its place as `NAME.partial-<pid>-<random>` and renamed when
/// done. The name is new and its own: processes elsewhere may have the same id, and a link put there is not followed.
///
/// A pipe or a device (`/dev/null`) is written directly, since it must not be replaced.
public final class AtomicFile {
    /// Where the file will be.
    public let path: String
    private let target: String
    private let partial: String?
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private let bufferSize = 1 << 18

    /// Begins the file.
    /// - Throws: `Failure` when its folder does not exist or cannot be written, or `path` is a folder.
    public init(path: String) throws(Failure) {
        self.path = path
        var status = stat()
        let exists = unsafe stat(path, &status) == 0
        if path.isEmpty || path.hasSuffix("/") || (exists && status.st_mode & S_IFMT == S_IFDIR) {
            throw Failure(path, "cannot be written: it is a folder")
        }
        if exists && status.st_mode & S_IFMT != S_IFREG {
            target = path
            partial = nil
            descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        } else {
            // A link is followed, so that the file it points to is the one that changes.
            target = Self.target(of: path)
            let name = UnfinishedFiles.name(for: target)
            partial = name
            UnfinishedFiles.insert(name)
            descriptor = unsafe open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        }
        guard descriptor >= 0 else {
            let reason = errno
            if let partial { UnfinishedFiles.remove(partial) }
            let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "."
            var folderStatus = stat()
            let missing = unsafe stat(folder, &folderStatus) != 0
            throw Failure(
                path,
                missing
                    ? "cannot be written: the folder \(folder.quoted) does not exist"
                    : "cannot be written: \(SystemError.text(reason))")
        }
        buffer.reserveCapacity(bufferSize)
    }

    /// Writes a whole file.
    package static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.commit()
    }

    deinit { abandon() }

    /// A path that leads to the file while it is being written, for a library that writes it on its own; nil where it is
    /// a pipe or a device, which has no place to go back to.
    package var placeWhileOpen: String? { partial == nil || descriptor < 0 ? nil : "/proc/self/fd/\(descriptor)" }

    /// Appends bytes.
    public func write(_ bytes: [UInt8]) throws(Failure) {
        if buffer.count + bytes.count > bufferSize { try flush() }
        if bytes.count >= bufferSize {
            try unsafe put(bytes.span.bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    /// Appends bytes.
    public func write(_ bytes: RawSpan) throws(Failure) {
        if buffer.count + bytes.byteCount > bufferSize { try flush() }
        if bytes.byteCount >= bufferSize {
            try put(bytes)
        } else {
            unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        }
    }

    /// Appends text as UTF-8.
    public func write(_ text: String) throws(Failure) { try write(Array(text.utf8)) }

    /// Replaces bytes that were written earlier, for a count in a header that is known only at the end.
    public func patch(at offset: Int, _ bytes: [UInt8]) throws(Failure) {
        try unsafe write(bytes.span.bytes, at: offset)
    }

    /// Writes bytes at their place, whatever was written before; the file grows to hold them. No pipe can do that.
    public func write(_ bytes: RawSpan, at offset: Int) throws(Failure) {
        try flush()
        try put(bytes, at: offset)
    }

    /// Finishes the file and puts it in its place.
    /// - Parameter durably: whether the disk must have it before this returns.
    public func commit(durably: Bool = false) throws(Failure) {
        try flush()
        if durably, fsync(descriptor) != 0 { throw failure(errno) }
        let closed = close(descriptor)
        descriptor = -1
        if let partial {
            defer { UnfinishedFiles.remove(partial) }
            // A full disk may show only here.
            guard closed == 0, unsafe rename(partial, target) == 0 else {
                let reason = errno
                _ = unsafe unlink(partial)
                throw failure(reason)
            }
        }
    }

    /// Gives up: removes what was written. Does nothing after `commit`.
    public func abandon() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        guard let partial else { return }
        _ = unsafe unlink(partial)
        UnfinishedFiles.remove(partial)
    }

    private func flush() throws(Failure) {
        guard descriptor >= 0 else { throw Failure(path, "is written after it was closed") }
        var pending: [UInt8] = []
        swap(&pending, &buffer)
        try unsafe put(pending.span.bytes)
        pending.removeAll(keepingCapacity: true)
        swap(&pending, &buffer)
    }

    /// - Parameter offset: nil for behind what was written last.
    private func put(_ bytes: RawSpan, at offset: Int? = nil) throws(Failure) {
        do throws(FileCalls.Failure) {
            try FileCalls.write(bytes, to: descriptor, at: offset)
        } catch {
            throw failure(error.number)
        }
    }

    private func failure(_ reason: Int32) -> Failure {
        abandon()
        return Failure(path, "cannot be written: \(SystemError.text(reason))")
    }

    /// The file that is replaced when one is written at that path: a link that leads to one is followed.
    public static func target(of path: String) -> String {
        guard let real = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }
}
