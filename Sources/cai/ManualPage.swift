import ArgumentParser
import FoundationEssentials
import Platform

/// A command and its subcommands as one manual page, from the descriptions that --help prints.
struct ManualPage {
    private let tool: Tool

    /// ArgumentParser's description of a command (version 0): the parts that a page needs.
    private struct Tool: Decodable {
        let command: Command
    }

    private struct Command: Decodable {
        let commandName: String
        let abstract: String?
        let discussion: String?
        let shouldDisplay: Bool?
        let subcommands: [Command]?
        let arguments: [Argument]?
    }

    private struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String

            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        let kind: String
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let preferredName: Name?
        let valueName: String?
        let defaultValue: String?
        let abstract: String?

        var isPositional: Bool { kind == "positional" }
    }

    init(of command: any ParsableCommand.Type) throws {
        tool = try JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8))
    }

    /// In the macros of mdoc(7).
    var text: String {
        let root = tool.command
        let commands = Self.shown(root)
        var page = [
            ".Dd \(Release.date)", ".Dt \(root.commandName.uppercased()) 1",
            ".Os \(root.commandName) \(Release.version)",
            ".Sh NAME", ".Nm \(root.commandName)", ".Nd " + Self.description(root.abstract ?? ""), ".Sh SYNOPSIS",
        ]
        page += commands.flatMap { [".Nm \(root.commandName) \($0.commandName)"] + Self.synopsis($0) }
        page += [".Sh DESCRIPTION"] + Self.paragraphs(root.discussion ?? "", heading: ".Ss")
        page += Self.options(root.arguments ?? [])
        page += [".Sh COMMANDS"]
        for command in commands {
            page += [".Ss \(root.commandName) \(command.commandName)"] + Self.filled(command.abstract ?? "")
            page += [".Pp"] + Self.paragraphs(command.discussion ?? "", heading: ".Em")
            page += Self.options(command.arguments ?? [])
        }
        return page.joined(separator: "\n") + "\n"
    }

    private static func shown(_ command: Command) -> [Command] {
        (command.subcommands ?? []).filter { $0.shouldDisplay ?? true && $0.commandName != "help" }
    }

    private static func shown(_ arguments: [Argument]) -> [Argument] {
        arguments.filter { argument in
            argument.shouldDisplay && !["help", "version"].contains(argument.preferredName?.name ?? "")
        }
    }

    private static func synopsis(_ command: Command) -> [String] {
        shown(command.arguments ?? []).map { argument in
            let more = argument.isRepeating ? " ..." : ""
            let value = escaped(argument.valueName ?? "value")
            if argument.isPositional { return argument.isOptional ? ".Op Ar \(value)\(more)" : ".Ar \(value)\(more)" }
            let name = escaped(String((argument.preferredName?.text ?? "").dropFirst()))
            let option = argument.kind == "flag" ? "Fl \(name)" : "Fl \(name) Ar \(value)\(more)"
            return (argument.isOptional ? ".Op " : ".") + option
        }
    }

    private static func options(_ arguments: [Argument]) -> [String] {
        let shown = shown(arguments)
        guard !shown.isEmpty else { return [] }
        return [".Bl -tag -width Ds"]
            + shown.flatMap { argument in
                let value = escaped(argument.valueName ?? "value")
                let names = (argument.names ?? []).map { "Fl \(escaped(String($0.text.dropFirst())))" }
                let item =
                    argument.isPositional
                    ? "Ar \(value)" : names.joined(separator: " , ") + (argument.kind == "flag" ? "" : " Ar \(value)")
                let standard = argument.defaultValue.map { " (default: \($0))" } ?? ""
                return [".It \(item)"] + filled((argument.abstract ?? "") + standard)
            } + [".El"]
    }

    /// Text that --help wraps, tables and commands that it leaves as they are, and headings in capitals.
    private static func paragraphs(_ text: String, heading: String) -> [String] {
        var page: [String] = []
        var isLiteral = false
        func end() {
            if isLiteral { page.append(".Ed") }
            isLiteral = false
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("  ") {
                if !isLiteral { page.append(".Bd -literal") }
                isLiteral = true
                page.append(escaped(String(line)))
            } else if line.isEmpty {
                end()
                if page.last != ".Pp", !page.isEmpty { page.append(".Pp") }
            } else {
                end()
                let isHeading = line.allSatisfy { $0.isUppercase || $0 == " " }
                if isHeading, page.last == ".Pp", heading == ".Ss" { page.removeLast() }
                page += isHeading ? ["\(heading) \(line)"] : filled(line)
            }
        }
        end()
        if page.last == ".Pp" { page.removeLast() }
        return page
    }

    /// The words of .Nd begin in lower case and have no period.
    private static func description(_ text: String) -> String {
        escaped(text.prefix(1).lowercased() + String(text.dropFirst().reversed().drop { $0 == "." }.reversed()))
    }

    /// Words on lines of 80 bytes at most, sentences on lines of their own: roff fills them anew.
    private static func filled(_ text: some StringProtocol) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            let word = escaped(String(word))
            let isEnd = line.last.map { ".?!".contains($0) } ?? false
            if line.isEmpty {
                line = word
            } else if isEnd || line.utf8.count + 1 + word.utf8.count > 80 {
                lines.append(line)
                line = word
            } else {
                line += " " + word
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// Escapes backslashes and hyphens, and a period or quote that would begin a macro.
    private static func escaped(_ text: String) -> String {
        let line = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
    }
}

struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Print the manual page.",
        discussion: """
            All of what --help says of the program and its commands, for man(1), in the macros of mdoc(7). \
            'make install' puts it where man finds it.

            EXAMPLES
              cai manual > cai.1 && man -l cai.1
            """)

    func run() throws { try StandardOutput.write(ManualPage(of: Cai.self).text) }
}
