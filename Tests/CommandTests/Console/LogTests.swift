import Foundation
import TestSupport
import Testing

/// The JSON objects on the standard error, one for each line.
private func records(_ command: Command) throws -> [[String: String]] {
    try command.errorLines.map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    }
}

@Test(
    "--log-format json writes one object a line, at any position of the option",
    arguments: [["--log-format", "json", "infer"], ["infer", "--log-format=json"], ["infer"]])
func jsonLog(words: [String]) throws {
    let command = try Command.run(
        words + ["--weights", Fixture.path("tiny/kernel3.pt"), "--num-heads", "3", Tiny.partition],
        environment: words.count == 1 ? ["CAI_LOG_FORMAT": "json"] : [:])
    #expect(command.status == 0 && command.outputLines.count == 38)
    let records = try records(command)
    #expect(records.map { $0["level"] } == ["warning", "info", "info"])
    #expect(records.allSatisfy { Set($0.keys) == ["level", "message", "subcommand", "time"] })
    #expect(records.allSatisfy { $0["subcommand"] == "infer" })
    #expect(records[0]["message"]?.contains("assumed: LayerNorm eps") == true)
    #expect(records[1]["message"]?.hasPrefix("37 galaxies in ") == true)
    // 2026-01-31T12:34:56.789Z
    #expect(records.allSatisfy { $0["time"]?.utf8.count == 24 && $0["time"]?.hasSuffix("Z") == true })
}

@Test(
    "--log-level selects the messages",
    arguments: [("info", 3), ("notice", 1), ("warning", 1), ("error", 0)])
func logLevels(level: String, lines: Int) throws {
    let arguments = ["infer", "--weights", Fixture.path("tiny/kernel3.pt"), "--num-heads", "3", Tiny.partition]
    #expect(try Command.run(arguments + ["--log-level", level]).errorLines.count == lines)
    #expect(try Command.run(arguments, environment: ["CAI_LOG_LEVEL": level]).errorLines.count == lines)
}

@Test(
    "-v is the log level debug: the messages of info, and the weights, inputs and choices of the run",
    arguments: [["-v"], ["--verbose"], ["--log-level", "debug"], ["-v", "--log-level=debug"], []])
func verboseLog(words: [String]) throws {
    let arguments = ["infer", "--weights", Fixture.path("tiny/normalcell.pt"), Tiny.partition]
    let plain = try Command.run(arguments)
    let verbose = try Command.run(
        words + arguments, environment: ["CAI_LOG_LEVEL": words.isEmpty ? "debug" : "error"])
    #expect(verbose.status == 0 && verbose.output == plain.output)
    let details = verbose.errorLines.filter { $0.hasPrefix("cai: debug: ") }
    #expect(verbose.errorLines.count == details.count + plain.errorLines.count)
    for part in [
        "command: cai ", "weights: \(Fixture.path("tiny/normalcell.pt")), ", "input: partition.pt: 37 galaxies of 37",
    ] {
        #expect(details.contains { $0.contains(part) }, "\(part): \(details)")
    }
}

@Test(
    "-v and another log level are a usage error",
    arguments: [["-v", "--log-level", "info"], ["--log-level=warning", "--verbose"]])
func verboseAndAnotherLevel(words: [String]) throws {
    let command = try Command.run(["infer", "x.pt"] + words)
    #expect(command.status == 2 && command.errorLines.count == 1)
    #expect(command.errors.hasPrefix("cai: error: --verbose: expected no --log-level with it, or debug, found '"))
}

@Test(
    "Errors are JSON objects too, usage errors included",
    arguments: [(["infer", "none.pt"], Int32(1)), (["infer"], Int32(2))])
func jsonErrors(words: [String], status: Int32) throws {
    let command = try Command.run(words + ["--log-format", "json", "--log-level", "error"])
    #expect(command.status == status && command.output.isEmpty)
    let records = try records(command)
    #expect(records.count == 1 && records[0]["level"] == "error" && records[0]["subcommand"] == "infer")
    #expect(records[0]["message"]?.hasPrefix("error") == false)
}

@Test(
    "Invalid levels and formats are refused",
    arguments: [
        ["infer", "x.pt", "--log-level", "loud"], ["infer", "x.pt", "--log-format=xml"],
        ["infer", "x.pt", "--log-level"],
    ])
func wrongLogOptions(arguments: [String]) throws {
    let command = try Command.run(arguments)
    #expect(command.status == 2 && command.errorLines.count == 1)
    #expect(command.errors.contains("expected one of "))
}

@Test("Arguments after -- are not options")
func afterTheDashes() throws {
    for word in ["--log-level", "-v"] {
        let command = try Command.run(["infer", "--", word])
        #expect(command.status == 1 && command.errors.contains("\(word): no such file or folder"))
    }
}

@Test("The manual has every command and every option that the help has")
func manual() throws {
    let page = try Command.run(["manual"])
    #expect(page.status == 0 && page.errors.isEmpty)
    #expect(page.output.hasPrefix(".Dd "))
    for part in [
        ".Sh NAME", ".Sh SYNOPSIS", ".Sh COMMANDS", ".Ss cai infer", ".Ss cai merge", "Fl \\-world\\-size Ar w",
    ] {
        #expect(page.output.contains(part), "\(part)")
    }
    #expect(page.output == (try Command.run(["manual"]).output))
}

@Test("Completion scripts for bash, zsh and fish contain commands and options", arguments: ["bash", "zsh", "fish"])
func completions(shell: String) throws {
    let script = try Command.run(["--generate-completion-script", shell])
    #expect(script.status == 0 && script.errors.isEmpty)
    for word in ["merge", "world-size", "log-format"] { #expect(script.output.contains(word), "\(word)") }
}
