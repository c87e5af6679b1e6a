import Inference
import Platform
import Runs

/// The `experiment.json` of a tree, as a report describes it.
extension ExperimentSetup {
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
            machine.stateMachine.map(Self.nameAndRegion),
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// `cai in us-east-1`: the ARN of a state machine without the account.
    private static func nameAndRegion(_ arn: String) -> String {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 7 ? "\(parts[6]) in \(parts[3])" : arn
    }

    /// The program and the weights in words; no folder.
    var programText: String {
        let digest = weights.sha256.map { " (SHA-256 \($0.prefix(12)))" } ?? ""
        let parts = [
            "cai \(cai.version)", cai.commit.map { "commit \($0.prefix(12))" },
            weights.name.map { "weights \(InputList.lastComponent($0))\(digest)" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}
