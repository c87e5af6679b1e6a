import FoundationEssentials

extension FileManager {
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
