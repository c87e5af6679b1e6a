import FoundationEssentials

extension FileManager {
    /// Whether it is a folder, links followed; nil where the path does not exist.
    package func isFolder(_ path: String) -> Bool? {
        var isFolder = false
        return fileExists(atPath: path, isDirectory: &isFolder) ? isFolder : nil
    }

    /// Creates a folder and its parent folders, where they do not exist.
    package func makeFolder(_ path: String) throws(Failure) {
        do {
            try createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw Failure(path, fileExists(atPath: path) ? "is not a folder" : "the folder cannot be made")
        }
    }

    /// Moves a file to `target`, which must not exist.
    package func moveFile(_ path: String, to target: String) throws(Failure) {
        do { try moveItem(atPath: path, toPath: target) } catch { throw Failure("\(error)") }
    }
}
