/// Words on lines of limited length.
package enum WrappedWords {
    /// - Parameter columns: the most characters of a line; a longer word has a line of its own.
    package static func lines(_ words: some Sequence<some StringProtocol>, columns: Int) -> [String] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.count + 1 + word.count <= columns {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// A name and its description, whose lines start in column `indent`: beside the name, or below one that is too long.
    /// - Parameter columns: the most characters of a line, the indentation included.
    package static func row(_ name: String, _ description: String, indent: Int, columns: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines = Self.lines(description.split(separator: " "), columns: columns - indent).map { margin + $0 }
        if lines.isEmpty { lines = [margin] }
        if name.count + 2 > indent {
            lines.insert(name, at: 0)
        } else {
            lines[0] = name + lines[0].dropFirst(name.count)
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
