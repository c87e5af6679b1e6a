import Glibc

extension AtomicFile {
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
