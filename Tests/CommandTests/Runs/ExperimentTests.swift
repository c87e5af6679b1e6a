import Foundation
import Glibc
import TestSupport
import Testing

import Experiment
import Runs
@testable import Commands

private let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:cai"
private let onCloud = ["s3://d/", "--state-machine", machine, "--results", "s3://b"]

private let wrongLines: [([String], String)] = [
    ([], "expected inputs"), (["x.pt", "--vary"], "vary"),
    (["x.pt", "--vary", "size", "1GB"], "--vary: expected"),
    (["x.pt", "--vary", "threads"], "--vary threads: expected values"),
    (["x.pt", "--vary", "threads", "0"], "--vary threads"),
    (["x.pt", "--vary", "threads", "1", "--vary", "threads", "2"], "found twice"),
    (["x.pt", "--vary", "data-size=2XB"], "'2XB'"), (["x.pt", "--data-size", "all"], "--data-size"),
    (["x.pt", "--partition-size", "30"], "--partition-size: expected 25, 50, 75 or 100"),
    (["x.pt", "--batch-size", "0"], "--batch-size"), (["x.pt", "--threads", "0"], "--threads"),
    (["x.pt", "--runs", "0"], "--runs"), (["x.pt", "--resume", "--extend"], "found both"),
    (["x.pt", "--vary", "data-size", "10TB"], "at most 100000 partitions"),
    (["x.pt", "--worker-rate", "0"], "--worker-rate"),
    (["x.pt", "--results", "s3://b/"], "expected --state-machine"),
    (["x.pt", "--state-machine", "cai"], "--state-machine"),
    (["x.pt", "--state-machine", machine, "--results", "s3://b/"], "input: x.pt: expected s3://"),
    (["s3://d/", "--state-machine", machine], "--results: expected"),
    (["s3://d/", "--state-machine", machine, "--results", "b"], "--results: b: expected s3://"),
    (onCloud + ["--threads", "2"], "threads: on AWS"),
    (
        onCloud + ["--vary", "threads", "2"],
        "threads: on AWS"
    ),
    (onCloud + ["--keep"], "are for this machine"),
    (
        onCloud + ["--max-concurrency", "0"],
        "--max-concurrency"
    ),
]

@Suite("cai experiment")
struct ExperimentTests {
    private static let environment = ["CAI_WEIGHTS": Fixture.path("tiny/normalcell.pt")]

    /// Runs on the tiny galaxies, repeated: partitions of 25 MB, which are 1,278 galaxies.
    private func experiment(_ tree: String, size: String = "50MB", _ more: [String]) throws -> Command {
        try Command.run(
            ["experiment", Tiny.partition, "-o", tree, "--repeat", "--data-size", size] + more,
            environment: Self.environment)
    }

    @Test("cai experiment writes a tree, one line for each run, and the record to the standard output")
    func sweep() throws {
        try Fixture.withTemporaryFolder { folder in
            let tree = folder + "/tree"
            let command = try experiment(
                tree, ["--vary", "batch-size", "32,64", "--runs", "2", "--threads", "1", "--warm-up", "--json"])
            #expect(command.status == 0, "\(command.errors)")
            #expect(command.errorLines.count == 5)
            #expect(command.errorLines[0].hasPrefix("[1 of 4] result-partition-25MB/50MB/Batches/32/1: 2,556 galaxies"))
            #expect(command.errorLines[4] == "4 runs of 2 points in \(tree)")
            #expect(command.output == (try text(of: tree + "/experiment.json")))
            let record = try object(command.output)
            #expect(record["warm_up"] as? Bool == true)
            #expect((record["cai"] as? [String: Any])?["version"] as? String == "0.1.0")
            let machine = try #require(record["machine"] as? [String: Any])
            for key in ["processor", "architecture", "cores", "threads", "memory_bytes", "instruction_set", "system"] {
                #expect(machine[key] != nil, "\(key)")
            }
            #expect(try names(in: tree) == ["experiment.json", "result-partition-25MB"])
            let batches = tree + "/result-partition-25MB/50MB/Batches"
            #expect(try names(in: batches) == ["32", "64"])
            #expect(try names(in: batches + "/64") == ["1", "2"])
        }
    }

    @Test(
        "An experiment that was killed is resumed, and keeps its finished runs", arguments: [SIGKILL, SIGINT])
    func killed(signal: Int32) throws {
        try Fixture.withTemporaryFolder { folder in
            let tree = folder + "/tree"
            let arguments = ["--vary", "threads=1,2", "--runs", "3"]
            let words = ["experiment", Tiny.partition, "-o", tree, "--repeat", "--data-size", "25MB"] + arguments
            let before = try attempt("an experiment that signal \(signal) meets in its middle") { found in
                let running = try RunningCommand(words, environment: Self.environment)
                try running.wait(for: "a record of two runs") { try runs(tree).count >= 2 }
                running.send(signal)
                let (status, _, errors) = try running.end()
                let before = try runs(tree)
                if before.count < 6 {
                    #expect(before.count >= 2)
                    #expect(status == -signal, "\(errors)")
                    return before
                }
                found = "all runs, status \(status)"
                try FileManager.default.removeItem(atPath: tree)
                return nil
            }
            if signal == SIGINT {
                #expect(!FileManager.default.fileExists(atPath: tree + "/.scratch"))
            }

            let refused = try experiment(tree, size: "25MB", arguments)
            #expect(refused.status == 1)
            #expect(refused.errorLines.count == 1 && refused.errors.contains("--resume"))
            let resumed = try experiment(tree, size: "25MB", arguments + ["--resume"])
            #expect(resumed.status == 0, "\(resumed.errors)")
            #expect(resumed.errorLines.count == 7 - before.count)
            let after = try runs(tree)
            #expect(after.count == 6)
            #expect(Array(after.prefix(before.count)) == before)
            #expect(try names(in: tree) == ["experiment.json", "result-partition-25MB"])
            #expect(try experiment(tree, size: "25MB", arguments + ["--resume", "--quiet"]).errors.isEmpty)
        }
    }

    /// Path and start of each run in the record; empty before a record exists.
    private func runs(_ tree: String) throws -> [String] {
        guard let text = try? text(of: tree + "/experiment.json") else { return [] }
        return (try object(text)["runs"] as? [[String: Any]] ?? []).map { "\($0["path"] ?? "") \($0["started"] ?? "")" }
    }

    @Test("cai experiment --dry-run prints points, partitions, galaxies and time, and writes nothing")
    func dryRun() throws {
        try Fixture.withTemporaryFolder { folder in
            let arguments = [
                "--vary", "data-size", "1GB,total", "--vary", "threads", "1,2", "--threads", "2", "--dry-run",
                "--worker-rate", "1000",
            ]
            let command = try experiment(folder + "/tree", arguments)
            #expect(command.status == 0, "\(command.errors)")
            let lines = command.outputLines
            #expect(lines.count == 6)
            // 41 x 1,278 and 517 x 1,278 galaxies; 2,556 on one thread take twice as long.
            #expect(lines[1].split(whereSeparator: { $0 == " " }).dropFirst() == ["41", "52,398", "3", "0:53"])
            #expect(lines[2].split(whereSeparator: { $0 == " " }).dropFirst() == ["517", "660,726", "3", "11:01"])
            #expect(lines[3].hasSuffix("2,556     3           0:06"))
            #expect(lines[5] == "12 runs, 36:03 in all at 1000.0 galaxies/s (as given)")
            let plan = try object(try experiment(folder + "/tree", arguments + ["--json"]).output)
            #expect(
                (plan["points"] as? [[String: Any]])?.compactMap { $0["galaxies"] as? Int } == [
                    52_398, 660_726, 2556, 2556,
                ])
            let measured = try experiment(folder + "/tree", Array(arguments.dropLast(2)))
            #expect(measured.output.contains("(measured on \(Tiny.count) galaxies)"))
            #expect(try names(in: folder).isEmpty)
        }
    }

    @Test("cai experiment refuses too few galaxies, invalid inputs and missing weights in one line, without a tree")
    func failures() throws {
        try Fixture.withTemporaryFolder { folder in
            let tree = folder + "/tree"
            func fails(_ arguments: [String], _ part: String) throws {
                let command = try Command.run(["experiment"] + arguments, environment: Self.environment)
                #expect(command.status == 1)
                #expect(command.errorLines.count == 1)
                #expect(command.errors.contains(part), "\(command.errors)")
                #expect(try names(in: folder).isEmpty)
            }
            try fails([Tiny.partition, "-o", tree], "1GB: expected galaxies for 41 partitions of 25 MB")
            try fails([Fixture.path("tiny/normalcell.pt"), "-o", tree], "normalcell.pt")
            try fails([folder + "/none.pt", "-o", tree], "none.pt")
            try fails([Tiny.partition, "-o", tree, "--repeat", "--weights", folder + "/w.pt"], "w.pt")

            let mine = folder + "/mine"
            try FileManager.default.createDirectory(atPath: mine, withIntermediateDirectories: true)
            try Data([1]).write(to: URL(fileURLWithPath: mine + "/notes"))
            let taken = try experiment(tree, ["--scratch", mine])
            #expect(taken.status == 1)
            #expect(taken.errors.contains("expected an empty folder for scratch, found 'notes'"))
            #expect(try names(in: mine) == ["notes"])
        }
    }

    @Test("cai experiment refuses invalid command lines with exit 2 and one line", arguments: wrongLines)
    func usage(arguments: [String], part: String) throws {
        let command = try Command.run(["experiment", "-o", "/none/tree"] + arguments)
        #expect(command.status == 2, "\(command.errors)")
        #expect(command.output.isEmpty)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(part), "\(command.errors)")
    }

    @Test("Inputs of cai experiment may follow --vary, and the help has examples")
    func words() throws {
        let command = try Command.run(
            ["experiment", "--vary", "data-size", "1GB", "/none/1.pt", "-o", "/none/tree"],
            environment: Self.environment)
        #expect(command.status == 1)
        #expect(command.errors.contains("/none/1.pt"))
        let help = try Command.run(["experiment", "--help"])
        #expect(help.output.contains("EXAMPLES\n  cai experiment"))
    }

    @Test("The machine's processor, cores and threads are parsed from /proc/cpuinfo")
    func machine() {
        #expect(CPUFacts(cpuinfo: Self.cpuinfo, caches: []).cores == 3)
        #expect(CPUFacts(cpuinfo: "processor : 0\n", caches: []).cores == nil)
        #expect(ExperimentMachine.memory(meminfo: "MemFree: 7 kB\nMemTotal:       24684092 kB\n") == 25_276_510_208)
        #expect(ExperimentMachine.memory(meminfo: "MemTotal: much\n") == nil)
        #expect(ExperimentMachine.name(release: "ID=debian\nPRETTY_NAME=\"Debian 12\"\n") == "Debian 12")
        #expect(ExperimentMachine.name(release: "") == nil)
    }

    /// Two sockets; the first has two cores, one of them with two threads.
    private static let cpuinfo = [(0, 0), (0, 1), (0, 0), (1, 0)].map { socket, core in
        "processor\t: 0\nphysical id\t: \(socket)\ncore id\t\t: \(core)\n"
    }.joined(separator: "\n")
}
