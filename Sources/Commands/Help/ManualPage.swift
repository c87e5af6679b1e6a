import ArgumentParser
import Platform

/// A command and its subcommands as one manual page, from the descriptions that --help prints.
struct ManualPage {
    private let root: CommandDescription

    init(of command: any ParsableCommand.Type) throws { root = try CommandDescription(of: command) }

    /// Headings of the root's discussion that are sections of their own, as man-pages(7) names them.
    private static let sections = ["EXIT STATUS", "ENVIRONMENT", "FILES"]

    /// In the macros of mdoc(7).
    var text: String {
        let commands = root.shownSubcommands
        var page = [
            ".Dd \(Release.date)", ".Dt \(root.commandName.uppercased()) 1",
            ".Os \(root.commandName) \(Release.version)",
            ".Sh NAME", ".Nm \(root.commandName)", ".Nd " + Self.description(root.abstract ?? ""), ".Sh SYNOPSIS",
        ]
        page += commands.flatMap { [".Nm \(root.commandName) \($0.commandName)"] + Self.synopsis($0) }
        let parts = Self.parts(of: root.discussion ?? "")
        page += [".Sh DESCRIPTION"] + Self.paragraphs(parts.description, heading: ".Ss")
        page += Self.options(root.shownArguments)
        page += [".Sh COMMANDS"]
        for command in commands {
            page += [".Ss \(root.commandName) \(command.commandName)"] + Self.filled(command.abstract ?? "")
            page += [".Pp"] + Self.paragraphs(command.discussion ?? "", heading: ".Em")
            page += Self.options(command.shownArguments)
        }
        for (name, text) in parts.sections { page += [".Sh \(name)"] + Self.paragraphs(text, heading: ".Ss") }
        return page.joined(separator: "\n") + "\n"
    }

    /// The sections of the root's discussion, and the rest of it.
    private static func parts(of discussion: String) -> (description: String, sections: [(String, String)]) {
        var description: [Substring] = []
        var found: [(String, [Substring])] = []
        var isSection = false
        for line in discussion.split(separator: "\n", omittingEmptySubsequences: false) {
            if sections.contains(String(line)) {
                found.append((String(line), []))
                isSection = true
            } else if isSection, line.first?.isUppercase ?? false {
                isSection = false
                description.append(line)
            } else if isSection {
                found[found.count - 1].1.append(line)
            } else {
                description.append(line)
            }
        }
        return (description.joined(separator: "\n"), found.map { ($0.0, $0.1.joined(separator: "\n")) })
    }

    private static func synopsis(_ command: CommandDescription) -> [String] {
        command.shownArguments.map { argument in
            let more = argument.isRepeating ? " ..." : ""
            let value = escaped(argument.valueName ?? "value")
            if argument.isPositional { return argument.isOptional ? ".Op Ar \(value)\(more)" : ".Ar \(value)\(more)" }
            let name = escaped(String((argument.preferredName?.text ?? "").dropFirst()))
            let option = argument.kind == "flag" ? "Fl \(name)" : "Fl \(name) Ar \(value)\(more)"
            return (argument.isOptional ? ".Op " : ".") + option
        }
    }

    private static func options(_ shown: [CommandDescription.Parameter]) -> [String] {
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

    /// Words on lines of at most 80 characters, sentences on lines of their own: roff fills them anew.
    private static func filled(_ text: some StringProtocol) -> [String] {
        var sentences: [[String]] = [[]]
        for word in text.split(separator: " ") {
            let isEnd = sentences.last?.last?.last.map { ".?!".contains($0) } ?? false
            if isEnd { sentences.append([]) }
            sentences[sentences.count - 1].append(escaped(String(word)))
        }
        return sentences.flatMap { WrappedWords.lines($0, columns: 80) }
    }

    /// Escapes backslashes and hyphens, and a period or quote that would begin a macro.
    private static func escaped(_ text: String) -> String {
        let line = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
    }
}
