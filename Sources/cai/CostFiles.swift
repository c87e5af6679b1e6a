import FoundationEssentials
import Inference

/// Files that `cost` is given.
enum CostFiles {
    /// All of a file.
    static func read(_ path: String) throws -> [UInt8] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder,
            let bytes = FileManager.default.contents(atPath: path)
        else { throw InferenceError.input(path: path, message: isFolder ? "is a folder, not a file" : "no such file") }
        return [UInt8](bytes)
    }
}
