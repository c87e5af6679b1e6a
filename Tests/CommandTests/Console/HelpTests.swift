import Foundation
import TestSupport
import Testing

/// The program's description of its commands: what `--experimental-dump-help` prints.
private struct Description: Decodable {
    struct Entry: Decodable {
        let commandName: String
        let shouldDisplay: Bool?
        let subcommands: [Entry]?
        let arguments: [Argument]?
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }

        let kind: String
        let names: [Name]?

        var long: [String] { (names ?? []).filter { $0.kind == "long" }.map(\.name) }
        var short: [String] { (names ?? []).filter { $0.kind == "short" }.map(\.name) }
    }

    let command: Entry

    static func ofProgram() throws -> Entry {
        let dump = try Command.run(["--experimental-dump-help"])
        return try JSONDecoder().decode(Description.self, from: Data(dump.output.utf8)).command
    }

    /// Every command but `help`.
    static func commands() throws -> [Entry] {
        try #require(ofProgram().subcommands).filter { $0.commandName != "help" }
    }
}

@Suite("Help")
struct HelpTests {
    @Test("--help of every command has examples and fits 80 columns; -h fits a screen of 40 lines")
    func everyCommand() throws {
        for command in try Description.commands() {
            let name = command.commandName
            let long = try Command.run([name, "--help"])
            #expect(long.status == 0 && long.errors.isEmpty)
            #expect(long.output.contains("EXAMPLES\n  "), "\(name)")
            #expect(long.output.contains("USAGE: cai \(name)"), "\(name)")
            let short = try Command.run([name, "-h"])
            #expect(short.status == 0 && short.errors.isEmpty)
            #expect(short.output.hasPrefix("cai \(name): ") && short.output.contains("'cai \(name) --help'"))
            #expect(short.outputLines.count <= 40, "\(name): \(short.outputLines.count) lines")
            for line in long.outputLines + short.outputLines {
                #expect(line.count <= 80, "\(name): \(line)")
            }
            #expect(try Command.run(["help", name]).output == long.output)
        }
    }

    @Test("cai, cai -h and cai --help list the commands by groups, without hidden ones, in 80 columns")
    func root() throws {
        let long = try Command.run(["--help"])
        for part in ["EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "FILES"] { #expect(long.output.contains("\(part)\n")) }
        let short = try Command.run(["-h"])
        #expect(try Command.run([]).output == short.output)
        #expect(short.status == 0 && short.outputLines.count <= 45)
        for command in try Description.commands() {
            let isShown = command.shouldDisplay ?? true
            for text in [short.output, long.output] {
                #expect(text.contains("\n  \(command.commandName) ") == isShown, "\(command.commandName)")
            }
        }
        for line in long.outputLines + short.outputLines { #expect(line.count <= 80, "\(line)") }
    }

    @Test("An option has one short form, which every command with the option has")
    func shortForms() throws {
        let forms = [
            "output": "o", "quiet": "q", "threads": "j", "weights": "w", "limit": "n", "help": "h", "verbose": "v",
        ]
        for command in try Description.commands() {
            for argument in command.arguments ?? [] where argument.kind != "positional" {
                let expected = argument.long.compactMap { forms[$0] }
                #expect(argument.short == expected, "\(command.commandName) \(argument.long)")
            }
        }
    }

    @Test("-v and --verbose are accepted by every command, before and after its name")
    func verbose() throws {
        for command in try Description.commands() {
            let name = command.commandName
            let help = try Command.run([name, "--help"]).output
            for arguments in [["-v", name, "--help"], [name, "--verbose", "--help"]] {
                let verbose = try Command.run(arguments)
                #expect(verbose.status == 0 && verbose.output == help, "\(arguments): \(verbose.errors)")
            }
        }
        #expect(try Command.run(["--help"]).output.contains("  -v, --verbose "))
    }

    @Test("CONTRIBUTING.md lists every option once, with one meaning")
    func table() throws {
        let document = try text(of: Fixture.root + "/CONTRIBUTING.md")
        let listed = document.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("| `--") else { return nil }
            return line.split(separator: "`").dropFirst().first.map { String($0.dropFirst(2)) }
        }
        let options = try (Description.commands() + [Description.ofProgram()]).flatMap { command in
            (command.arguments ?? []).filter { $0.kind != "positional" }.flatMap(\.long)
        }
        #expect(listed.count == Set(listed).count)
        #expect(Set(listed) == Set(options).subtracting(["help", "version"]))
    }

    @Test(
        "A misspelt command exits with 2, and the nearest one is proposed",
        arguments: [
            (["infr", "1.pt"], "infer"), (["ifner"], "infer"), (["anomaly"], "anomalies"),
            (["help", "evalute"], "evaluate"),
            (["recon"], "reconstruct"), (["mrege", "--help"], "merge"), (["xyz"], nil), (["predict"], nil),
        ] as [([String], String?)])
    func misspelt(arguments: [String], proposed: String?) throws {
        let command = try Command.run(arguments)
        #expect(command.status == 2 && command.output.isEmpty && command.errorLines.count == 1)
        #expect(command.errors.hasPrefix("cai: error: there is no command '"))
        #expect(command.errors.contains("did you mean") == (proposed != nil), "\(command.errors)")
        if let proposed { #expect(command.errors.contains("did you mean '\(proposed)'?"), "\(command.errors)") }
    }

    /// Prints what a shell proposes for a command line, whose last word is unfinished: $0 is the completion script.
    private static let shells: [String: String] = [
        "bash": """
        source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
        _cai cai "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; echo "${COMPREPLY[*]}"
        """,
        "zsh": """
        zmodload zsh/zpty; zpty -b shell zsh -f -i
        zpty -w shell "fpath=(${0:h} \\$fpath); autoload -Uz compinit; compinit -u -D; PS1='pro''mpt '"
        zpty -r shell line '*prompt *'
        zpty -n -w shell "$*"$'\\t'; zpty -r shell line "*${@[-1]}*[[:space:]/]*"; print -r -- "$line"
        """,
        "fish": "source $argv[1]; complete -C \"$argv[2..]\"",
    ]

    @Test(
        "Completion proposes commands, options, values and paths",
        arguments: ["bash", "fish", "zsh"].filter { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") },
        [
            (["cai", "inf"], "infer"), (["cai", "infer", "--gem"], "--gemm"),
            (["cai", "infer", "--gemm", "o"], "openblas"),
            (["cai", "infer", "weights/demo"], "weights/demo-galaxies.pt"),
            (["cai", "infer", "-w", "weights/astromae-d"], "weights/astromae-demo.safetensors"),
            (["cai", "report", "z.csv", "--figures", "weig"], "weights"),
            (["cai", "convert", "w.pt", "-o", "CHANGE"], "CHANGELOG.md"), (["cai", "run", "READ"], "README.md"),
        ])
    func completion(shell: String, line: (words: [String], expected: String)) throws {
        try Fixture.withTemporaryFolder { folder in
            let script = try Command.run(["--generate-completion-script", shell])
            let file = folder + "/_cai"
            try Data(script.output.utf8).write(to: URL(fileURLWithPath: file))
            let code = try #require(Self.shells[shell])
            let options = ["bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]][shell] ?? []
            // fish completes values by starting the program.
            let program = URL(fileURLWithPath: Command.path).deletingLastPathComponent().path
            let ended = try ChildProcess(
                ["/usr/bin/\(shell)"] + options + ["-c", code, file] + line.words, in: Fixture.root,
                environment: ChildProcess.inherited([
                    "PATH": "\(program):/usr/bin:/bin", "HOME": folder, "TERM": "dumb",
                ]),
                within: Command.bound
            ).end()
            #expect(ended.status == 0)
            #expect(ended.output.contains(line.expected), "\(shell) \(line.words): \(ended.output) \(ended.errors)")
        }
    }

    @Test("cai version prints what cai --version prints")
    func version() throws {
        let command = try Command.run(["version"])
        #expect(command.status == 0)
        #expect(try command.output == Command.run(["--version"]).output)
    }

    @Test("CAI_ISA: an unknown instruction set exits with 2, one that this processor lacks is a warning")
    func instructionSet() throws {
        let arguments = ["infer", Tiny.partition, "--weights", Fixture.path("tiny/normalcell.pt"), "--quiet"]
        let unknown = try Command.run(arguments, environment: ["CAI_ISA": "sse9"])
        #expect(unknown.status == 2 && unknown.errors.contains("CAI_ISA: 'sse9' is not an instruction set"))
        for help in [["--help"], ["help", "infer"], ["merge", "--help"]] {
            #expect(try Command.run(help, environment: ["CAI_ISA": "sse9"]).status == 0)
        }
        #if arch(x86_64)
        let absent = "neon"
        #else
        let absent = "avx2"
        #endif
        let lacking = try Command.run(arguments, environment: ["CAI_ISA": absent])
        #expect(lacking.status == 0)
        #expect(
            lacking.errors == "cai: warning: CAI_ISA: \(absent) is not available on this processor: portable is used\n")
        let portable = try Command.run(arguments, environment: ["CAI_ISA": "portable"])
        #expect(portable.errors.isEmpty && portable.output == lacking.output)
    }
}
