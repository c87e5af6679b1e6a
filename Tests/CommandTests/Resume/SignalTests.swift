import Foundation
import TestSupport
import Testing

/// Runs of the tiny network on enough galaxies for a signal to arrive before the end.
private func arguments(_ folder: String, _ output: String, copies: Int = 30) throws -> [String] {
    let path = folder + "/p.safetensors"
    if !FileManager.default.fileExists(atPath: path) { try TensorTable.partition(copies: copies).write(to: path) }
    return ["infer", "--weights", Fixture.path("tiny/normalcell.pt"), path, "-o", output, "--batch-size", "4"]
}

@Suite(.serialized)
struct SignalTests {
    @Test("A signal ends a run, which reports and keeps finished galaxies", arguments: [SIGINT, SIGTERM, SIGHUP])
    func signals(signal: Int32) throws {
        try Fixture.withTemporaryFolder { folder in
            let output = folder + "/z.csv"
            let (status, _, errors) = try attempt("a run that signal \(signal) meets in its middle") { found in
                let running = try RunningCommand(try arguments(folder, output))
                try running.wait(for: "a journal of 2,000 bytes") { byteCount(of: output + ".partial") > 2000 }
                running.send(signal)
                let ended = try running.end()
                guard FileManager.default.fileExists(atPath: output) else { return ended }
                found = "a whole output, status \(ended.status)"
                try FileManager.default.removeItem(atPath: output)
                try? FileManager.default.removeItem(atPath: output + ".run.json")
                return nil
            }
            #expect(status == -signal)
            let name = [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"][signal] ?? ""
            #expect(errors.hasPrefix("cai: error: interrupted (\(name)): "), "\(errors)")
            #expect(errors.contains(" of 1,110 galaxies done, kept in \(output).partial: resume with --resume"))
            #expect(try names(in: folder) == ["p.safetensors", "z.csv.partial"])
            let resumed = try Command.run(try arguments(folder, output) + ["--resume"])
            #expect(resumed.status == 0, "\(resumed.errors)")
            #expect(try names(in: folder) == ["p.safetensors", "z.csv", "z.csv.run.json"])
        }
    }

    @Test("A signal before the first galaxy, or without a journal, leaves no file", arguments: [true, false])
    func leavesNothing(isKept: Bool) throws {
        try Fixture.withTemporaryFolder { folder in
            let (path, partial) = (folder + "/p.safetensors", folder + "/z.csv.partial")
            try EndlessGalaxies.write(to: path)
            // The first micro-batch takes seconds.
            let running = try RunningCommand(
                ["infer", "--weights", Fixture.path("tiny/normalcell.pt"), path, "--batch-size", "8192"]
                    + ["-o", isKept ? folder + "/z.csv" : "-"])
            try running.wait(for: isKept ? "a journal" : "a mapped input") {
                isKept ? FileManager.default.contents(atPath: partial)?.isEmpty == false : running.maps(path)
            }
            running.send(SIGINT)
            let (status, output, errors) = try running.end()
            #expect(status == -SIGINT)
            #expect(output.isEmpty)
            #expect(errors.hasPrefix("cai: error: interrupted (SIGINT)"), "\(errors)")
            #expect(!errors.contains("kept in"))
            #expect(try names(in: folder) == ["p.safetensors"])
        }
    }

    @Test("A signal that is ignored at the start stays ignored")
    func ignored() throws {
        try Fixture.withTemporaryFolder { folder in
            let output = folder + "/z.csv"
            try attempt("a run that signals meet in its middle") { found in
                let running = try RunningCommand(
                    try arguments(folder, output), after: ["/bin/sh", "-c", #"trap '' HUP INT; exec "$@""#, "sh"])
                // Before the journal exists, and after.
                running.send(SIGHUP)
                try running.wait(for: "a journal of 2,000 bytes") { byteCount(of: output + ".partial") > 2000 }
                for signal in [SIGINT, SIGHUP] { running.send(signal) }
                let isMet = running.isRunning && !FileManager.default.fileExists(atPath: output)
                let (status, _, errors) = try running.end()
                #expect(status == 0, "\(errors)")
                found = "a run that had ended"
                return isMet ? () : nil
            }
            #expect(try names(in: folder) == ["p.safetensors", "z.csv", "z.csv.run.json"])
        }
    }

    @Test("A closed output pipe ends the command with 1 and without a message")
    func closedPipe() throws {
        try Fixture.withTemporaryFolder { folder in
            let words = try arguments(folder, "-", copies: 100)
            let process = try ChildProcess(
                [
                    "/bin/bash", "-c",
                    #"set -o pipefail; "$@" 2>"$0/err" | head -n 3 >"$0/out"; echo "${PIPESTATUS[0]}" >"$0/status""#,
                    folder, Command.path,
                ] + words + ["--quiet"], within: Command.bound)
            try process.end()
            // 3,700 rows exceed a pipe's buffer: head exits after the first kilobytes.
            #expect(try text(of: folder + "/out").split(separator: "\n").count == 3)
            #expect(try text(of: folder + "/err").isEmpty)
            #expect(try text(of: folder + "/status") == "1\n")
        }
    }
}

@Test("An output above the file size limit is an error, and leaves only the journal")
func fileSizeLimit() throws {
    try Fixture.withTemporaryFolder { folder in
        let words = try arguments(folder, folder + "/z.csv")
        let script = #"ulimit -f 40; "$@" 2>"$0"; echo $? >>"$0""#
        #expect(try Fixture.shell(script, [folder + "/err", Command.path] + words) == 0)
        let errors = try text(of: folder + "/err")
        #expect(errors.contains("File too large"), "\(errors)")
        #expect(errors.hasSuffix("\n1\n"))
        #expect(try names(in: folder) == ["err", "p.safetensors", "z.csv.partial"])
    }
}

@Test("A signal ends the command although its standard error is blocked")
func blockedErrors() throws {
    try Fixture.withTemporaryFolder { folder in
        // A full pipe blocks further writes to the standard error.
        let script = #"""
            mkfifo "$0/pipe"; sleep 600 < "$0/pipe" & reader=$!
            job=; trap 'kill -KILL $reader $job 2>/dev/null' EXIT
            exec 9> "$0/pipe"; dd if=/dev/zero bs=1k count=64 >&9 2>/dev/null
            "$@" 2>&9 & job=$!
            until [ "$(stat -c %s "$0/z.csv.partial" 2>/dev/null || echo 0)" -gt 2000 ]; do
                kill -0 $job || exit 1; sleep 0.01
            done
            kill -STOP $job; kill -TERM $job; kill -CONT $job
            wait $job; echo $? > "$0/status"
            """#
        try EndlessGalaxies.write(to: folder + "/p.safetensors")
        #expect(try Fixture.shell(script, [folder, Command.path] + arguments(folder, folder + "/z.csv")) == 0)
        #expect(try text(of: folder + "/status") == "143\n")
    }
}

/// Whether a file system can be mounted here.
private let canMount: Bool = Fixture.mounts

extension Fixture {
    fileprivate static var mounts: Bool {
        (try? withTemporaryFolder { folder in
            try shell("mount -t tmpfs -o size=64k none \"$0\" && umount \"$0\"", [folder]) == 0
        }) ?? false
    }

    fileprivate static func shell(_ script: String, _ arguments: [String]) throws -> Int32 {
        try ChildProcess(["/bin/sh", "-c", script] + arguments, within: Command.bound).end().status
    }
}

@Test(
    "A full disk is an error; finished galaxies are kept, and resumed once there is space",
    .enabled(if: canMount, "needs to mount a tmpfs"), arguments: ["csv", "fits", "npy", "csv.gz"])
func fullDisk(ending: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let disk = folder + "/disk"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        #expect(try Fixture.shell("mount -t tmpfs -o size=16k none \"$0\"", [disk]) == 0)
        defer { _ = try? Fixture.shell("umount \"$0\"", [disk]) }
        let output = "\(disk)/z.\(ending)"
        let whole = try Command.run(try arguments(folder, "\(folder)/z.\(ending)"))
        #expect(whole.status == 0)

        // 1,110 galaxies of 5 bytes and 277 records of 25: there is space for the journal, but not for the output too.
        let command = try Command.run(try arguments(folder, output))
        #expect(command.status == 1)
        #expect(command.errors.contains("No space left on device"), "\(command.errors)")
        #expect(command.errors.contains("kept in \(output).partial"), "\(command.errors)")
        #expect(try names(in: disk) == ["z.\(ending).partial"])

        #expect(try Fixture.shell("mount -o remount,size=4m \"$0\"", [disk]) == 0)
        let resumed = try Command.run(try arguments(folder, output) + ["--resume"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.errors.contains("were done before"))
        #expect(
            try names(in: disk) == ["z.\(ending)"] + (ending == "fits" ? [] : ["z.\(ending).run.json"]))
        if ending != "fits" {
            #expect(FileManager.default.contentsEqual(atPath: output, andPath: "\(folder)/z.\(ending)"))
        }
    }
}
