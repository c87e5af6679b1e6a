import Glibc

extension AtomicFile {
    /// Checks that a file can be written at `path` and would not replace one of `inputs`. Leaves nothing behind.
    /// - Throws: `Failure` where the folder is missing or cannot be written, `path` is a folder, or it leads to
    ///   an input, under whatever name.
    public static func check(path: String, sparing inputs: [String]) throws(Failure) {
        let place = FileIdentity(path: path)
        if let place, place.isPipe {
            // Opened and closed, it would tell its reader that this was all.
            guard unsafe access(path, W_OK) == 0 else {
                throw Failure(path, "cannot be written: \(SystemError.text(errno))")
            }
            return
        }
        try AtomicFile(path: path).abandon()
        guard let place else { return }
        for input in inputs where FileIdentity(path: input) == place {
            throw Failure(
                path, "cannot be written: it is the input \(input == path ? "itself" : input.quoted)")
        }
    }

    /// Whether files at both paths are one, be they there yet or not.
    public static func areSame(_ path: String, _ other: String) -> Bool {
        let (place, otherPlace) = (FileIdentity(path: path), FileIdentity(path: other))
        if place != nil || otherPlace != nil { return place == otherPlace }
        let (parts, otherParts) = (PathParts(path), PathParts(other))
        guard parts.name == otherParts.name, let folder = FileIdentity(path: parts.folder) else { return false }
        return folder == FileIdentity(path: otherParts.folder)
    }
}

/// A path's folder, and the name in it.
private struct PathParts {
    package let folder: String
    package let name: Substring

    package init(_ path: String) {
        let end = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        (folder, name) = (end == path.startIndex ? "." : String(path[..<end]), path[end...])
    }
}

/// Which file a path leads to: the same one for links, hard links and other spellings.
private struct FileIdentity: Equatable {
    package let device: dev_t
    package let inode: ino_t
    package let isPipe: Bool

    /// nil where there is no file.
    package init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        (device, inode, isPipe) = (status.st_dev, status.st_ino, status.st_mode & S_IFMT == S_IFIFO)
    }
}
