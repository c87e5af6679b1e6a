extension String {
    /// The text as a terminal may show it, on one line: control characters, line breaks and invisible marks, which a
    /// file can put into its tensors' names, are written as `\u{1B}`.
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

    /// The text as an error has room for it: of a longer one the first Unicode scalars, and dots. Not characters: one can be
    /// made of any number of scalars.
    public func shortened(to most: Int = 80) -> String {
        guard let end = unicodeScalars.index(startIndex, offsetBy: most, limitedBy: endIndex), end != endIndex else {
            return self
        }
        return String(unicodeScalars[..<end]) + "..."
    }
}

extension String {
    /// A name from a file as error messages show it: quoted, and cut when it is absurdly long.
    package var quoted: String { "'\(shortened(to: 120))'" }
}
