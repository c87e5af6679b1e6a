import Foundation
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Credentials of a program")
struct ProcessCredentialsTests {
    private static let json = """
        {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "hushS", "SessionToken": "T", \
        "Expiration": "2100-01-01T02:00:00+02:00"}
        """

    /// The credentials of a profile whose `credential_process` is `line`; `script` is an executable beside the files.
    private func find(_ line: String, script: String) throws -> AWSCredentials {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/my program"
            let source = folder + "/source"
            try "#!/bin/sh\n\(script)\n".write(toFile: source, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: source)
            // A file that this process has written cannot be started while a child of another test still has it open.
            let copy = ChildCommand(words: ["/bin/cp", "-p", source, path], environment: [:])
            try #require(try copy.run(within: 60, mostBytes: 1000, of: "cp").status == 0)
            let config = "[profile p]\ncredential_process = " + line.replacing("PROGRAM", with: "\"\(path)\"")
            let environment = ["AWS_PROFILE": "p", "AWS_REGION": "r", "PATH": "/usr/bin:/bin"]
            return try FoundCredentials.find(
                environment, files: ["config": config], transport: FakeTransport { _ in nil }
            ).credentials
        }
    }

    @Test("The program is run with the words of the line, and its output is read")
    func output() throws {
        let script = "[ \"$1\" = 'a b$HOME' ] && [ $# = 2 ] && echo noise >&2 && echo '\(Self.json)'"
        let found = try find("PROGRAM 'a b$HOME' ''", script: script)
        #expect(found.accessKey.value == "A" && found.secretKey.value == "hushS" && found.sessionToken?.value == "T")
        #expect(found.expiration == 4_102_444_800)
        #expect(found.origin == "profile \"p\"")
    }

    @Test(
        "A program that fails is an error with its standard error, without its standard output",
        arguments: [
            ("echo hush; echo log in first >&2; exit 3", "'P' ended with exit status 3: log in first"),
            ("exit 1", "exit status 1: no standard error"), ("kill -9 $$", "signal 9"),
            ("echo hush", "expected a JSON object"), ("echo '{}'", "Version: expected 1, found none"),
            (#"echo '{"Version": 2, "AccessKeyId": "hush"}'"#, "Version: expected 1, found 2"),
            (#"echo '{"Version": 1, "AccessKeyId": "hush"}'"#, "the answer holds no credentials"),
            ("while :; do echo hushhushhushhush; done", "writes more than 65536 bytes"),
        ])
    func failures(script: String, reason: String) throws {
        let error = #expect(throws: Failure.self) { try find("PROGRAM", script: script) }
        let line = error?.description.replacing(/'[^']*my program'/, with: "'P'") ?? ""
        #expect(line.hasPrefix("profile \"p\": credential_process: "))
        #expect(line.contains(reason), "\(line)")
        #expect(!line.contains("hush"))
    }

    @Test(
        "A program that does not exist, and a line without words, are errors",
        arguments: ["/nowhere/p x", "\"open", "''"])
    func missing(line: String) {
        let error = #expect(throws: Failure.self) { try find(line, script: "") }
        #expect(error?.description.hasPrefix("profile \"p\": credential_process: ") == true)
    }

    @Test(
        "A line is split into words as by a shell, without anything else of a shell",
        arguments: [
            ("a  b\tc", ["a", "b", "c"]), (" a ", ["a"]), ("", []), ("a 'b c'd", ["a", "b cd"]),
            (#"a "b \" \\ \n" 'c\' d\ e"#, ["a", #"b " \ \n"#, #"c\"#, "d e"]), ("a ''", ["a", ""]),
            ("a | b; $c *", ["a", "|", "b;", "$c", "*"]), ("\"a'b\"", ["a'b"]),
        ])
    func words(line: String, words: [String]) {
        #expect(ProcessCredentials.words(line) == words)
    }

    @Test("Open quotes and a backslash at the end are refused", arguments: ["'a", "\"a", "a\\", "\"a\\\""])
    func openQuotes(line: String) {
        #expect(ProcessCredentials.words(line) == nil)
    }

    @Test("A program that does not end is killed, with the programs that it started")
    func timeLimit() throws {
        try Fixture.withTemporaryFolder { folder in
            let script = "(sleep 1000 & echo $! >\(folder)/pid; wait)"
            let command = ChildCommand(words: ["/bin/sh", "-c", script], environment: ["PATH": "/usr/bin:/bin"])
            // On a machine with other work, the limit may pass before the shell has written the file.
            var seconds = [1.0, 10, 60].makeIterator()
            let pid = try attempt("a pid before the limit", upTo: 3) { found in
                let limit = seconds.next() ?? 60
                let error = #expect(throws: Failure.self) {
                    try command.run(within: limit, mostBytes: 100, of: "test")
                }
                #expect(error == Failure(.unavailable, "test", "'/bin/sh' has not ended after \(Int(limit)) s"))
                found = "no pid"
                let text = try? String(contentsOfFile: folder + "/pid", encoding: .utf8)
                return text.flatMap { pid_t($0.trimmingSpaces) }
            }
            try wait(for: "the end of \(pid)") {
                let state = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
                return state.isEmpty || state.contains(") Z ")
            }
        }
    }

    @Test("A program that leaves another one behind is not waited for")
    func leftBehind() throws {
        let command = ChildCommand(
            words: ["sh", "-c", "sleep 1000 & echo $!"], environment: ["PATH": "/usr/bin:/bin"])
        let ended = try command.run(within: 300, mostBytes: 100, of: "test")
        #expect(ended.status == 0)
        let pid = try #require(pid_t(String(decoding: ended.output, as: UTF8.self).trimmingSpaces))
        kill(pid, SIGKILL)
    }
}
