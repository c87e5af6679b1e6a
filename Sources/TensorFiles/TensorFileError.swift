/// Why a file of tensors could not be read or written: the file, and in one line the tensor, entry, opcode or offset,
/// what was expected and what was found.
public struct TensorFileError: Error, Equatable, CustomStringConvertible {
    /// Path or URL.
    public let file: String
    public let message: String

    public init(file: String, message: String) {
        self.file = file
        self.message = message
    }

    /// One line, whatever the names in the file hold: control characters are written as `\u{1B}`.
    public var description: String { Self.oneLine("\(file): \(message)") }

    private static func oneLine(_ text: String) -> String {
        func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var line = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar) {
                line += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}

/// A name from a file as error messages show it: quoted, and cut when it is absurdly long.
func quoted(_ name: String) -> String {
    let limit = 120
    guard name.utf8.count > limit else { return "'\(name)'" }
    return "'\(String(String.UnicodeScalarView(name.unicodeScalars.prefix(limit))))...'"
}
