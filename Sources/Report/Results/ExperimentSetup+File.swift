import FoundationEssentials
import Platform
import Runs

extension ExperimentSetup {
    /// The `experiment.json` of a tree.
    /// - Parameter tree: a folder as `ResultTree` takes it; for a `result-partition-<P>MB` folder also its parent is read.
    /// - Returns: nil where there is no `experiment.json`.
    /// - Throws: `Failure` naming a file that cannot be read.
    public static func read(tree: String) throws(Failure) -> ExperimentSetup? {
        for folder in [tree, tree + "/.."] {
            let path = folder + "/" + RunKeys.experimentName
            if FileManager.default.fileExists(atPath: path) { return try JSONFile.decode(ExperimentSetup.self, path) }
            guard (folder.split(separator: "/").last ?? "").hasPrefix("result-partition-") else { break }
        }
        return nil
    }
}
