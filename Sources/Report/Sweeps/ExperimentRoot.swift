import FoundationEssentials
import Inference
import Platform

/// What `experiment.json` at a tree's root says of the machine and the program, where there is one.
public struct ExperimentRoot: Sendable, Decodable {
    struct Program: Sendable, Decodable {
        let version: String?
        let commit: String?
    }

    struct Machine: Sendable, Decodable {
        let processor: String?
        let cores: Int?
        let threads: Int?
        let instructionSet: String?
        let stateMachine: String?

        enum CodingKeys: String, CodingKey {
            case processor, cores, threads
            case instructionSet = "instruction_set"
            case stateMachine = "state_machine"
        }
    }

    struct Weights: Sendable, Decodable {
        let name: String?
        let sha256: String?
    }

    let cai: Program?
    let machine: Machine?
    let weights: Weights?
    /// Whether galaxies were repeated where they did not suffice.
    let isRepeated: Bool?

    enum CodingKeys: String, CodingKey {
        case cai, machine, weights
        case isRepeated = "repeat"
    }

    public static let fileName = "experiment.json"

    /// - Parameter tree: a folder as `ResultTree` takes it; of a `result-partition-<P>MB` folder, the one above is asked.
    /// - Returns: nil where there is no such file.
    /// - Throws: `Failure` naming the file, for one that cannot be read.
    public static func read(tree: String) throws(Failure) -> ExperimentRoot? {
        for folder in [tree, tree + "/.."] {
            let path = folder + "/" + fileName
            if FileManager.default.fileExists(atPath: path) { return try JSONFile.decode(ExperimentRoot.self, path) }
            guard (folder.split(separator: "/").last ?? "").hasPrefix("result-partition-") else { break }
        }
        return nil
    }

    /// What a legend calls the runs: the machine, as short as can be; nil where it is not told.
    var label: String? {
        guard let machine else { return nil }
        if machine.stateMachine != nil { return "AWS Lambda, cai" }
        return machine.cores.map { "here, \($0 == 1 ? "1 core" : "\($0) cores")" }
    }

    /// The machine in words.
    var machineText: String? {
        guard let machine else { return nil }
        let parts = [
            machine.processor, machine.cores.map { $0 == 1 ? "1 core" : "\($0) cores" },
            machine.threads.map { $0 == 1 ? "1 thread" : "\($0) threads" }, machine.instructionSet,
            machine.stateMachine,
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// The program and the weights in words.
    var programText: String? {
        let version = cai?.version.map { "cai \($0)" }
        let commit = cai?.commit.map { "commit \($0.prefix(12))" }
        let weights = weights.flatMap { weights in
            weights.name.map { name in
                "weights \(name)" + (weights.sha256.map { " (SHA-256 \($0.prefix(12)))" } ?? "")
            }
        }
        let parts = [version, commit, weights].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}
