import Glibc

extension AtomicFile {
    /// Checks that a file can be written at `path` and would not replace one of `inputs`. Leaves nothing behind.
    /// - Throws: `TensorFileError` where the folder is missing or cannot be written, `path` is a folder, or it leads to
    ///   an input, under whatever name.
    public static func check(path: String, sparing inputs: [String]) throws(TensorFileError) {
        try AtomicFile(path: path).abandon()
        guard let place = FileIdentity(path: path) else { return }
        for input in inputs where FileIdentity(path: input) == place {
            throw TensorFileError(
                file: path, message: "cannot be written: it is the input \(input == path ? "itself" : quoted(input))")
        }
    }
}

/// Which file a path leads to: the same one for links, hard links and other spellings.
private struct FileIdentity: Equatable {
    let device: dev_t
    let inode: ino_t

    /// nil where there is no file.
    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        (device, inode) = (status.st_dev, status.st_ino)
    }
}
