import ArgumentParser

/// The names of the program's commands, and what is proposed for a misspelt one.
enum CommandNames {
    static let all: [String] = Cai.configuration.subcommands.map { $0._commandName }

    /// The shown command that a misspelt word most resembles; nil where none does.
    static func nearest(_ word: String) -> String? {
        let shown = Cai.configuration.subcommands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
        if word.count >= 3, let longer = shown.first(where: { $0.hasPrefix(word) }) { return longer }
        let ranked = shown.map { ($0, distance(word, $0)) }
        guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= max(1, best.0.count / 3) else { return nil }
        return best.0
    }

    /// - Throws: `ValidationError` where the word in place of a command is none.
    static func check(_ arguments: [String]) throws {
        let words = arguments.first == "help" ? Array(arguments.dropFirst()) : arguments
        guard let word = words.first, !word.hasPrefix("-"), word != "help", !all.contains(word) else { return }
        throw ValidationError(
            "there is no command \(word.quoted)" + (nearest(word).map { ": did you mean '\($0)'?" } ?? ""))
    }

    /// The number of single characters to insert, delete or replace, and of neighbours to exchange.
    private static func distance(_ first: String, _ second: String) -> Int {
        let (a, b) = (Array(first.prefix(64)), Array(second.prefix(64)))
        var rows = [Array(0...b.count)]
        for (i, character) in a.enumerated() {
            var row = [i + 1]
            for (j, other) in b.enumerated() {
                var least = min(rows[i][j] + (character == other ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, character == b[j - 1], a[i - 1] == other { least = min(least, rows[i - 1][j - 1] + 1) }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
