import Foundation
import TestSupport
import Testing

/// deploy/slurm/submit.sh with an sbatch that records its arguments; Tests/Slurm runs it with Slurm's.
@Suite struct SubmitTests {
    private func submit(
        _ words: [String], in folder: String, environment: [String: String] = [:]
    ) throws -> (status: Int32, output: String, errors: String) {
        let own = ["PATH": folder + "/bin:/usr/bin:/bin", "CAI": Command.path]
        let ended = try ChildProcess(
            ["/bin/sh", Fixture.root + "/deploy/slurm/submit.sh"] + words, in: folder,
            environment: own.merging(environment) { $1 }, within: Command.bound
        ).end()
        return (ended.status, ended.output, ended.errors)
    }

    private func withSbatch(_ body: (String) throws -> Void) throws {
        try Fixture.withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/bin", withIntermediateDirectories: false)
            let sbatch = folder + "/bin/sbatch"
            try Data("#!/bin/sh\necho \"$@\" >>sbatch.log\necho 7\n".utf8).write(to: URL(fileURLWithPath: sbatch))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: sbatch)
            try body(folder)
        }
    }

    @Test("submit.sh submits the missing ranks for the same arguments, and refuses other arguments")
    func otherWords() throws {
        try withSbatch { folder in
            let flags = ["CAI_FLAGS": "--weights \(Fixture.path("tiny/normalcell.pt"))"]
            let words = ["2", "z.csv", Tiny.partition]
            #expect(try submit(words, in: folder, environment: flags).output.hasPrefix("ranks 0-1 of 2: job 7\n"))
            for (rank, expected) in [("1", "ranks 0 of 2: job 7\n"), ("0", "all 2 ranks are there\n")] {
                let part = ["--rank", rank, "--world-size", "2", "-o", folder + "/z.csv.parts/z.csv"]
                #expect(try Command.infer([Tiny.partition] + part).status == 0)
                let again = try submit(words, in: folder, environment: flags)
                #expect(again.status == 0 && again.output.hasPrefix(expected), "\(again)")
            }
            let submitted = try text(of: folder + "/sbatch.log")
            let plain = Fixture.path("tiny/plain-vit.pt")
            for (words, environment) in [
                (["3", "z.csv", Tiny.partition], flags), (["2", "z.csv", Tiny.partition, "b.pt"], flags),
                (["2", "z.csv", "partition.pt"], flags), (words, ["CAI_FLAGS": "--weights \(plain)"]),
                (words, flags.merging(["CAI_WEIGHTS": plain]) { $1 }),
            ] {
                let refused = try submit(words, in: folder, environment: environment)
                #expect(refused.status == 1 && refused.output.isEmpty)
                #expect(refused.errors.split(separator: "\n").count == 1)
                #expect(refused.errors.contains("z.csv.parts: has parts of other RANKS, inputs, CAI_FLAGS"))
            }
            #expect(try text(of: folder + "/sbatch.log") == submitted)
        }
    }

    @Test("submit.sh refuses existing parts whose arguments were not recorded")
    func unknownParts() throws {
        try withSbatch { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/z.csv.parts", withIntermediateDirectories: false)
            let part = ["--rank", "0", "--world-size", "2", "-o", folder + "/z.csv.parts/z.csv"]
            #expect(try Command.infer([Tiny.partition] + part).status == 0)
            let refused = try submit(["2", "z.csv", Tiny.partition], in: folder)
            #expect(refused.status == 1 && refused.errors.contains("z.csv.parts: has parts that are not known"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/sbatch.log"))
        }
    }
}
