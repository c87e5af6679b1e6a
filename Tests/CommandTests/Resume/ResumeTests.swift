import Foundation
import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

@Suite(.serialized)
struct ResumeTests {
    @Test("Runs killed at random moments are resumed, repeat no galaxy, and end with the same bytes")
    func killedAtRandomEndurance() throws {
        let wanted = TestRun.isEndurance ? 200 : 24
        try Fixture.withTemporaryFolder { folder in
            let partitions = try Partitions(folder)
            var random = SeededGenerator()
            var runs = 0
            var met = (rows: 0, writing: 0)
            var missed = 0
            var ends = 0
            // HDF5 if libhdf5 is installed: it writes no times, so its bytes are reproducible.
            let hasHDF5 = (try? HDF5TableWriter.check(path: folder + "/whole.h5")) != nil
            let endings = ["csv", "fits", "jsonl", "npy", "csv.gz"] + (hasHDF5 ? ["h5"] : [])
            var whole: [String: Data] = [:]
            for ending in endings {
                let command = try Command.run(partitions.arguments("\(folder)/whole.\(ending)", ["--json", "--quiet"]))
                #expect(command.status == 0, "\(command.errors)")
                whole[ending] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/whole.\(ending)"))
            }
            let before = try names(in: folder)
            while met.rows + met.writing < wanted || met.writing == 0 || ends < endings.count {
                // FITS contains the command line: the name and options have to be the same.
                let ending = endings[ends % endings.count]
                let output = "\(folder)/whole.\(ending)"
                try FileManager.default.removeItem(atPath: output)
                var kept = 0
                var resumed: [String: Any] = [:]
                // The run after these kills ends by itself.
                var kills = Int.random(in: 2...5, using: &random)
                while true {
                    guard runs < 10 * wanted else {
                        throw NotSeen(
                            "expected \(wanted) kills in \(runs) runs, found \(met), \(missed) runs that ended before "
                                + "they were killed, \(ends) outputs; CAI_TEST_SEED=\(TestRun.seed)")
                    }
                    runs += 1
                    let target = kept + Int(Double.random(in: 0..<1, using: &random) * Double(partitions.count - kept))
                    let moment = kills == 0 ? nil : kills == 1 ? KillMoment.writing : .rows(target)
                    let running = try RunningCommand(partitions.arguments(output, ["--resume", "--json", "--quiet"]))
                    if let moment {
                        try moment.wait(of: running, output: output)
                        running.send(SIGKILL)
                    }
                    let (status, text, errors) = try running.end()
                    guard status != 0 else {
                        if moment != nil { missed += 1 }
                        resumed = try object(text)
                        break
                    }
                    #expect(status == -SIGKILL, "\(errors)")
                    if case .writing = moment { met.writing += 1 } else { met.rows += 1 }
                    kills -= 1
                    // Under its final name the file is complete or absent.
                    if let data = FileManager.default.contents(atPath: output) {
                        #expect(data == whole[ending])
                    }
                    let journal = rows(inJournal: output + ".partial")
                    let finished = journal.reduce(0) { $0 + $1.count }
                    #expect(finished == Set(journal.flatMap { Array($0) }).count)
                    // A run that was killed after OUT was renamed and before the journal was removed has all rows in
                    // OUT.
                    if FileManager.default.fileExists(atPath: output), finished == 0 { kept = 0 }
                    #expect(finished >= kept || FileManager.default.fileExists(atPath: output))
                    kept = finished
                }
                ends += 1
                #expect(resumed["resumed"] as? Int == kept)
                #expect(resumed["galaxies"] as? Int == partitions.count)
                let data = try Data(contentsOf: URL(fileURLWithPath: output))
                #expect(data == whole[ending])
                #expect(try names(in: folder) == before)
            }
        }
    }

    /// A run stopped in its first half, after the checksums of its first file were compared: rows of other files are
    /// not reused if the file was rewritten, and a rewritten first file is an error only from then on.
    private func stopped(_ partitions: Partitions, _ output: String) throws -> RunningCommand {
        try attempt("a run that is stopped in its first half") { found in
            let running = try RunningCommand(partitions.arguments(output, ["--threads", "1"]))
            let journal = output + ".partial"
            try running.wait(for: "finished galaxies and a first file with compared checksums") {
                !rows(inJournal: journal).isEmpty
                    && rows(inJournal: journal, kind: 2).contains { $0.lowerBound == 0 }
            }
            try running.stop()
            let finished = rows(inJournal: journal).reduce(0) { $0 + $1.count }
            if running.isRunning, (1...partitions.count / 2).contains(finished) {
                #expect(!FileManager.default.fileExists(atPath: output))
                return running
            }
            running.send(SIGCONT)
            found = "\(finished) of \(partitions.count) galaxies, status \(try running.end().status)"
            try FileManager.default.removeItem(atPath: output)
            return nil
        }
    }

    @Test("Rows of a run with other weights, inputs or options are not used")
    func refusesOthers() throws {
        try Fixture.withTemporaryFolder { folder in
            let partitions = try Partitions(folder, copies: [20, 1, 20])
            let output = folder + "/z.csv"
            let time: [FileAttributeKey: Any] = [.modificationDate: Date(timeIntervalSince1970: 1e9)]
            try FileManager.default.setAttributes(time, ofItemAtPath: partitions.files[0])
            let running = try stopped(partitions, output)
            running.send(SIGKILL)
            #expect(try running.end().status == -SIGKILL)
            let journal = try Data(contentsOf: URL(fileURLWithPath: output + ".partial"))

            func refused(_ arguments: [String], _ part: String, environment: [String: String] = [:]) throws {
                let command = try Command.run(arguments, environment: environment)
                #expect(command.status == 1)
                #expect(command.errors.contains(part), "\(command.errors)")
                #expect(command.errors.contains(output + ".partial"))
                #expect(try Data(contentsOf: URL(fileURLWithPath: output + ".partial")) == journal)
                #expect(!FileManager.default.fileExists(atPath: output))
            }
            try refused(partitions.arguments(output), "resume with --resume")
            try refused(
                ["infer", "--weights", Fixture.path("tiny/kernel3.pt"), "--num-heads", "3"] + partitions.files + [
                    "-o", output, "--resume",
                ],
                "other weights")
            try refused(
                partitions.arguments(output, ["--resume", "--bands", "zirgu"]), "other options: expected --bands zirgu")
            try refused(partitions.arguments(output, ["--resume", "--limit", "1500"]), "other galaxies")
            try refused(
                partitions.arguments(output, ["--resume"]), "other arithmetic: expected",
                environment: ["CAI_ISA": "portable"])
            var fewer = partitions.arguments(output, ["--resume"])
            fewer.removeAll { $0 == partitions.files[1] }
            try refused(fewer, "other inputs")
            // A changed first pixel: the size of the file is unchanged.
            var table = try TensorTable.partition(copies: partitions.copies[0])
            table.change("images") { $0.bytes[0] ^= 1 }
            try table.write(to: partitions.files[0])
            try refused(partitions.arguments(output, ["--resume"]), "1.safetensors is not the file")

            // Without checksums a file is identified by its time also.
            try TensorTable.partition(copies: partitions.copies[0]).write(to: partitions.files[0])
            try FileManager.default.setAttributes(time, ofItemAtPath: partitions.files[0])
            let command = try Command.run(partitions.arguments(output, ["--resume"]))
            #expect(command.status == 0, "\(command.errors)")
            #expect(command.errors.contains(" were done before"))
        }
    }

    @Test("Rows of a run with other missing values, or of a version without any, are not used")
    func otherMissingValues() throws {
        try Fixture.withTemporaryFolder { folder in
            let partitions = try Partitions(folder, copies: [20, 1, 20])
            let output = folder + "/z.csv"
            let running = try stopped(partitions, output)
            running.send(SIGKILL)
            #expect(try running.end().status == -SIGKILL)
            for (values, found) in [("none", "none"), ("-99,99", "-99,99"), ("-99, 99", "-99,99")] {
                let command = try Command.run(partitions.arguments(output, ["--resume", "--missing", values]))
                #expect(command.status == 1)
                #expect(
                    command.errors.contains(
                        "is of a run with other options: expected --missing \(found), found --missing -9999,"),
                    "\(command.errors)")
            }
            // The default in words is the same run.
            let usual = MissingValues.usual.text
            #expect(try Command.run(partitions.arguments(output, ["--resume", "--missing", usual])).status == 0)
            #expect(try object(text(of: output + ".run.json"))["settings"] as? [String: String] == ["missing": usual])
        }
    }

    @Test("A second command for the same output is refused")
    func locked() throws {
        try Fixture.withTemporaryFolder { folder in
            let partitions = try Partitions(folder, copies: [20, 1, 20])
            let output = folder + "/z.csv"
            let first = try stopped(partitions, output)
            let second = try Command.run(partitions.arguments(output, ["--resume"]))
            first.send(SIGCONT)
            #expect(second.status == 1)
            #expect(second.errors.contains("is being written by another process"))
            #expect(try first.end().status == 0)
            #expect(try names(in: folder).filter { $0.hasPrefix("z") } == ["z.csv", "z.csv.run.json"])
        }
    }

    @Test("--resume without a journal runs all galaxies; without a local output it is a usage error")
    func nothingToResume() throws {
        try Fixture.withTemporaryFolder { folder in
            let plain = try Command.infer([Tiny.partition, "-o", folder + "/a.csv"])
            let resumed = try Command.infer([Tiny.partition, "-o", folder + "/b.csv", "--resume", "--json", "--quiet"])
            #expect(plain.status == 0 && resumed.status == 0)
            #expect(try object(resumed.output)["resumed"] as? Int == 0)
            #expect(try text(of: folder + "/a.csv") == text(of: folder + "/b.csv"))
            for output in ["-", "s3://bucket/z.csv"] {
                let command = try Command.infer([Tiny.partition, "-o", output, "--resume"])
                #expect(command.status == 2 && command.errors.contains("--resume"))
            }
        }
    }

    @Test("An input that is truncated during a run leaves finished rows, names the others, and can be repaired")
    func cutShort() throws {
        try Fixture.withTemporaryFolder { folder in
            let partitions = try Partitions(folder, copies: [20, 1, 20])
            let output = folder + "/z.csv"
            let last = try Data(contentsOf: URL(fileURLWithPath: partitions.files[2]))
            let whole = try Command.run(partitions.arguments(folder + "/whole.csv"))
            #expect(whole.status == 0)

            let running = try stopped(partitions, output)
            #expect(truncate(partitions.files[2], 5000) == 0)
            running.send(SIGCONT)
            let (status, _, errors) = try running.end()
            #expect(status == 1)
            #expect(errors.contains("cai: error: \(partitions.files[2]): "), "\(errors)")
            #expect(errors.contains("cut short"))
            #expect(errors.contains("cai: warning: not done: 3.safetensors"))
            #expect(errors.contains("kept in \(output).partial"))
            #expect(!FileManager.default.fileExists(atPath: output))

            let early = try Command.run(partitions.arguments(output, ["--resume"]))
            #expect(early.status == 1 && FileManager.default.fileExists(atPath: output + ".partial"))
            try last.write(to: URL(fileURLWithPath: partitions.files[2]))
            let resumed = try Command.run(partitions.arguments(output, ["--resume"]))
            #expect(resumed.status == 0, "\(resumed.errors)")
            #expect(try text(of: output) == text(of: folder + "/whole.csv"))
        }
    }

    @Test("Finished rows of a rewritten file are not used if its checksums were not compared")
    func mendedWithinUncomparedFile() throws {
        try Fixture.withTemporaryFolder { folder in
            // Only a kill before the checksum of the images is compared leaves such rows: the test writes them itself.
            let path = folder + "/p.pt"
            let galaxies = try TensorTable.partition(copies: 30).torch().bytes
            try Data(galaxies).write(to: URL(fileURLWithPath: path))
            let output = folder + "/z.csv"
            let whole = try Command.infer([path, "-o", folder + "/whole.csv"])
            #expect(whole.status == 0)
            // 1,110 galaxies take some 7 kB in the journal and 50 kB as CSV: 20 kB fit the journal only.
            let limited = try Command.run(
                ["infer", "--weights", Fixture.path("tiny/normalcell.pt"), path, "-o", output], fileBlocks: 40)
            #expect(limited.status == 1 && limited.errors.contains("File too large"), "\(limited.errors)")
            #expect(!rows(inJournal: output + ".partial").isEmpty)
            let journal = try RecordLog(path: output + ".partial")
            let header = try #require(journal.header)
            try journal.begin(header: header)
            try journal.append([1] + bytes(0) + bytes(2) + [UInt8](repeating: 63, count: 8) + [0, 0])
            journal.close()
            // The same bytes with a later time, as a repaired copy has them.
            try Fixture.waitForAnotherFileTime(than: path)
            try FileManager.default.removeItem(atPath: path)
            try Data(galaxies).write(to: URL(fileURLWithPath: path))
            let command = try Command.infer([path, "-o", output, "--resume", "--json", "--quiet"])
            #expect(command.status == 0, "\(command.errors)")
            #expect(try object(command.output)["resumed"] as? Int == 0)
            #expect(try text(of: output) == text(of: folder + "/whole.csv"))
        }
    }

    private func bytes(_ number: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    @Test("A journal without galaxies needs no --resume, and a complete output reports no journal")
    func nothingIsKept() throws {
        try Fixture.withTemporaryFolder { folder in
            let output = folder + "/z.csv"
            try RecordLog(path: output + ".partial").begin(header: Array("{}".utf8))
            #expect(try Command.infer([Tiny.partition, "-o", output]).status == 0)
            #expect(try names(in: folder) == ["z.csv", "z.csv.run.json"])
            let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
            let command = try Command.run(
                ["infer", "--weights", Fixture.path("tiny/normalcell.pt"), Tiny.partition, "-o", output, "--json"],
                output: full)
            #expect(command.status == 1)
            #expect(command.errors.contains("cai: error: standard output"))
            #expect(!command.errors.contains("kept in"))
        }
    }

    @Test("--resume is refused with OpenBLAS, whose bits depend on micro-batches")
    func openblas() throws {
        let command = try Command.infer([Tiny.partition, "-o", "none.csv", "--resume", "--gemm", "openblas"])
        #expect(command.status == 2 && command.errors.contains("--resume: with --gemm openblas"))
    }
}
