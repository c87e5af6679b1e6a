import Glibc

/// A file that appears complete or not at all: written in the same folder as `NAME.partial-<pid>-<random>` and renamed when
/// complete. The temporary name must be new: processes of other machines may have the same id, and a symbolic link with
/// that name is not followed.
///
/// A pipe or a device (`/dev/null`) is written directly, since it must not be replaced.
public final class AtomicFile {
    /// The final path of the file.
    public let path: String
    private let target: String
    private let partial: String?
    private var descriptor: Int32
    /// Bytes that are not written yet.
    private var buffer: [UInt8] = []
    /// Of the buffer in the file; nil where it is appended.
    private var bufferOffset: Int?
    private let bufferSize = 1 << 18
    /// `FileStamp.etag` of the complete file; empty before `commit`.
    public private(set) var etag = ""

    /// Creates the temporary file.
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
            // A symbolic link stays: the file that it leads to is replaced.
            target = Self.target(of: path)
            let name = UnfinishedFiles.name(for: target)
            partial = name
            UnfinishedFiles.insert(name)
            descriptor = unsafe open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        }
        guard descriptor >= 0 else {
            let error = SystemError()
            if let partial { UnfinishedFiles.remove(partial) }
            let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "."
            var folderStatus = stat()
            let missing = unsafe stat(folder, &folderStatus) != 0
            guard missing else { throw Failure(path, "cannot be written", error) }
            throw Failure(.notFound, path, "cannot be written: the folder \(folder.quoted) does not exist")
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

    /// The path of the unfinished file, for a library that opens and writes it itself; nil for a pipe or a device, in which
    /// no position can be set.
    package var pathWhileOpen: String? { partial == nil || descriptor < 0 ? nil : "/proc/self/fd/\(descriptor)" }

    /// Appends bytes.
    public func write(_ bytes: [UInt8]) throws(Failure) { try add(bytes.span.rawSpan, at: nil) }

    /// Appends bytes.
    public func write(_ bytes: RawSpan) throws(Failure) { try add(bytes, at: nil) }

    /// Appends text as UTF-8.
    public func write(_ text: String) throws(Failure) { try write(Array(text.utf8)) }

    /// Replaces bytes written earlier, such as a count in a header that is known only at the end.
    public func patch(at offset: Int, _ bytes: [UInt8]) throws(Failure) {
        try write(bytes.span.rawSpan, at: offset)
    }

    /// Writes bytes at an offset, over what is there; the file grows to hold them. Fails for a pipe.
    public func write(_ bytes: RawSpan, at offset: Int) throws(Failure) { try add(bytes, at: offset) }

    /// What may be at `path` when the file is complete.
    public enum Former: Sendable {
        case anything
        case nothing
        /// A file with this `FileStamp.etag`.
        case file(etag: String)
    }

    /// Completes the file and renames it to `path`.
    /// - Parameters:
    ///   - durably: whether to wait until the data is on the disk.
    ///   - former: of several processes that state the same, other than `anything`, one succeeds.
    /// - Throws: `Failure.conflict` where something else is at `path`. The file is then removed.
    public func commit(durably: Bool = false, replacing former: Former = .anything) throws(Failure) {
        try flush()
        if durably, fsync(descriptor) != 0 { throw failure(SystemError()) }
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0 { etag = FileStamp(status).etag }
        // Some file systems report a full disk only now.
        let error = close(descriptor) == 0 ? nil : SystemError()
        descriptor = -1
        guard let partial else { return }
        defer { UnfinishedFiles.remove(partial) }
        do throws(Failure) {
            if let error { throw failure(error) }
            try replace(former, by: partial)
        } catch {
            _ = unsafe unlink(partial)
            throw error
        }
    }

    private func replace(_ former: Former, by partial: String) throws(Failure) {
        switch former {
        case .anything:
            guard unsafe rename(partial, target) == 0 else { throw failure(SystemError()) }
        case .nothing:
            if unsafe link(partial, target) == 0 {
                _ = unsafe unlink(partial)
                return
            }
            let error = SystemError()
            let exists = Failure(.conflict, path, "exists already")
            // A file system without links: the name is taken by an empty file first.
            guard [EPERM, ENOTSUP, ENOSYS, EMLINK].contains(error.number) else {
                throw error.number == EEXIST ? exists : failure(error)
            }
            let taken = unsafe open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            guard taken >= 0 else {
                let error = SystemError()
                throw error.number == EEXIST ? exists : failure(error)
            }
            close(taken)
            guard unsafe rename(partial, target) == 0 else { throw failure(SystemError()) }
        case .file(let etag):
            let changed = Failure(.conflict, path, "has changed meanwhile")
            // NFS locks only what is open for writing.
            let descriptor = unsafe open(target, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { throw changed }
            // Closing it releases the lock.
            defer { close(descriptor) }
            var status = stat()
            guard flock(descriptor, LOCK_EX) == 0, unsafe fstat(descriptor, &status) == 0 else {
                throw failure(SystemError())
            }
            // Another process that held the lock has renamed its file over this one.
            guard FileStamp(path: target) == FileStamp(status), FileStamp(status).etag == etag else { throw changed }
            guard unsafe rename(partial, target) == 0 else { throw failure(SystemError()) }
        }
    }

    /// Removes the unfinished file. Does nothing after `commit`.
    public func abandon() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        guard let partial else { return }
        _ = unsafe unlink(partial)
        UnfinishedFiles.remove(partial)
    }

    /// - Parameter offset: nil to append.
    private func add(_ bytes: RawSpan, at offset: Int?) throws(Failure) {
        let isContinued = offset == bufferOffset.map { $0 + buffer.count }
        if !isContinued || buffer.count + bytes.byteCount > bufferSize {
            try flush()
            bufferOffset = offset
        }
        if bytes.byteCount >= bufferSize {
            try FileCalls.write(bytes, to: descriptor, at: offset, or: failure)
        } else {
            unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        }
    }

    private func flush() throws(Failure) {
        guard descriptor >= 0 else { throw Failure(path, "is written after it was closed") }
        var pending: [UInt8] = []
        swap(&pending, &buffer)
        try FileCalls.write(pending.span.rawSpan, to: descriptor, at: bufferOffset, or: failure)
        pending.removeAll(keepingCapacity: true)
        swap(&pending, &buffer)
    }

    private func failure(_ error: SystemError) -> Failure {
        abandon()
        return Failure(path, "cannot be written", error)
    }

    /// The file that writing to `path` replaces: a symbolic link to a file is followed.
    public static func target(of path: String) -> String {
        guard let real = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// Checks that a file can be written at `path` and would not replace one of `inputs`. Leaves nothing behind.
    /// - Throws: `Failure` where the folder is missing or cannot be written, `path` is a folder, or it is the same file as
    ///   an input, by whatever path.
    public static func check(path: String, sparing inputs: [String]) throws(Failure) {
        var status = stat()
        let exists = unsafe stat(path, &status) == 0
        if exists, status.st_mode & S_IFMT == S_IFIFO {
            // Opening and closing a pipe would signal the end of the data to its reader.
            guard unsafe access(path, W_OK) == 0 else { throw Failure(path, "cannot be written", SystemError()) }
            return
        }
        try AtomicFile(path: path).abandon()
        guard exists else { return }
        let output = FileStamp(status)
        for input in inputs where FileStamp(path: input)?.isSameFile(as: output) ?? false {
            throw Failure(path, "cannot be written: it is the input \(input == path ? "itself" : input.quoted)")
        }
    }

    /// Whether both paths lead to the same file, or would if it existed.
    public static func areSame(_ path: String, _ other: String) -> Bool {
        let stamps = (FileStamp(path: path), FileStamp(path: other))
        if let stamp = stamps.0, let otherStamp = stamps.1 { return stamp.isSameFile(as: otherStamp) }
        let (parts, otherParts) = (PathParts(path), PathParts(other))
        guard stamps.0 == nil, stamps.1 == nil, parts.name == otherParts.name,
            let folder = FileStamp(path: parts.folder), let otherFolder = FileStamp(path: otherParts.folder)
        else { return false }
        return folder.isSameFile(as: otherFolder)
    }
}

/// The folder and the name within it of a path.
private struct PathParts {
    let folder: String
    let name: Substring

    init(_ path: String) {
        let end = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        (folder, name) = (end == path.startIndex ? "." : String(path[..<end]), path[end...])
    }
}
