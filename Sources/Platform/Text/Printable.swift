extension String {
    /// The string on one line, safe for a terminal: control characters, line breaks and invisible marks, which names from
    /// a file may contain, are written as `\u{1B}`.
    public var printable: String {
        func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        guard unicodeScalars.contains(where: isUnsafe) else { return self }
        var line = ""
        for scalar in unicodeScalars {
            if isUnsafe(scalar) {
                line += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    /// The same for what a server or a user sends, of which at most 400 scalars are shown.
    package var oneLine: String { printable.shortened(to: 400) }

    /// The first Unicode scalars and `...` where the string is longer than `most` scalars. Not characters: one character can
    /// consist of any number of scalars.
    public func shortened(to most: Int = 80) -> String {
        guard let end = unicodeScalars.index(startIndex, offsetBy: most, limitedBy: endIndex), end != endIndex else {
            return self
        }
        return String(unicodeScalars[..<end]) + "..."
    }

    /// A name from a file for error messages: in quotes, at most 120 scalars of it.
    package var quoted: String { "'\(shortened(to: 120))'" }
}
