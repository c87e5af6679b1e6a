import Inference
import Platform

extension Provenance {
    /// This program, as it was called; that a run was gone on with is no part of what made the rows.
    init(weights: String, sha256: String) {
        self.init(
            creator: "cai \(Cai.configuration.version)", weights: weights, weightsSHA256: sha256,
            command: (["cai"] + CommandLine.arguments.dropFirst().filter { $0 != "--resume" }.map(Self.quoted)).joined(
                separator: " "))
    }

    /// An argument as a shell takes it.
    private static func quoted(_ argument: String) -> String {
        let plain = argument.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-_./=:,+@%".utf8.contains(byte)
        }
        if plain, !argument.isEmpty { return argument }
        return "'" + argument.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
