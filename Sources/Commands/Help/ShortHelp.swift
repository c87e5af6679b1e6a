import ArgumentParser
import Platform

/// What `-h` prints: on one screen, what a command does, examples, and its arguments and most used options. `--help` has all.
struct ShortHelp {
    private static let columns = 80
    private static let examples = 4
    /// A command with at most so many arguments and options shows all of them.
    private static let fewOptions = 14

    /// Of one command.
    static func text(of command: CommandDescription) -> String {
        let name = "cai \(command.commandName)"
        var text = "\(name): \(command.abstract ?? "")\n"
        let examples = examples(command.discussion ?? "")
        if !examples.isEmpty { text += "\nEXAMPLES\n" + examples.map { $0 + "\n" }.joined() }
        let all = command.shownArguments
        let shown =
            all.count <= fewOptions
            ? all
            : all.filter { argument in
                argument.isPositional || !argument.isOptional || (argument.names ?? []).contains { $0.kind == "short" }
            }
        if !shown.isEmpty { text += "\nOPTIONS\n" + shown.map(row).joined() }
        return text + "\n'\(name) --help' has the description and all options.\n"
    }

    /// Of the program: its commands by groups.
    static func text(of root: any ParsableCommand.Type) -> String {
        var text = "cai: \(root.configuration.abstract)\n"
        for group in root.configuration.groupedSubcommands {
            let shown = group.subcommands.filter { $0.configuration.shouldDisplay }
            if shown.isEmpty { continue }
            text += "\n\(group.name.uppercased())\n"
            for command in shown {
                text += WrappedWords.row(
                    "  \(command._commandName)", command.configuration.abstract, indent: 15, columns: columns)
            }
        }
        return text + "\n"
            + """
            'cai COMMAND -h' shows a command's most used options, 'cai COMMAND --help' all,
            'cai --help' exit codes and environment variables. 'cai demo' is a first run.

            """
    }

    /// The first examples of a discussion, with the lines that continue them.
    private static func examples(_ discussion: String) -> [String] {
        let lines = discussion.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let heading = lines.firstIndex(of: "EXAMPLES") else { return [] }
        var (shown, count) = ([String](), 0)
        for line in lines[(heading + 1)...].prefix(while: { !$0.isEmpty }) {
            if line.hasPrefix("  cai ") || line.hasPrefix("  CAI_") || line.hasPrefix("  srun") { count += 1 }
            if count > examples { break }
            shown.append(line)
        }
        return shown
    }

    private static func row(_ argument: CommandDescription.Parameter) -> String {
        let value = argument.isFlag ? "" : "<\(argument.valueName ?? "value")>"
        let names = (argument.names ?? []).sorted { $0.text.count < $1.text.count }.map(\.text).joined(separator: ", ")
        let head =
            argument.isPositional
            ? value + (argument.isRepeating ? " ..." : "") : names + (value.isEmpty ? "" : " ") + value
        return WrappedWords.row(
            "  " + head, firstSentence(argument.abstract ?? ""), indent: 26, columns: columns)
    }

    private static func firstSentence(_ text: String) -> String {
        guard let end = text.firstRange(of: ". ") else { return text }
        return text[..<end.lowerBound] + "."
    }
}
