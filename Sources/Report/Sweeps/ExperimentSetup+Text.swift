import FoundationEssentials
import Platform
import Runs

/// The `experiment.json` of a tree, as a report describes it.
extension ExperimentSetup {
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

    /// The name of the runs in a legend: the machine, in a few words; nil where unknown.
    var label: String? {
        if machine.stateMachine != nil { return "AWS Lambda, cai" }
        return machine.cores.map { "here, \($0 == 1 ? "1 core" : "\($0) cores")" }
    }

    /// The machine in words.
    var machineText: String? {
        let parts = [
            machine.processor, machine.cores.map { $0 == 1 ? "1 core" : "\($0) cores" },
            machine.threads.map { $0 == 1 ? "1 thread" : "\($0) threads" }, machine.instructionSet,
            machine.stateMachine,
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// The program and the weights in words.
    var programText: String {
        let digest = weights.sha256.map { " (SHA-256 \($0.prefix(12)))" } ?? ""
        let parts = [
            "cai \(cai.version)", cai.commit.map { "commit \($0.prefix(12))" },
            weights.name.map { "weights \($0)\(digest)" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}
