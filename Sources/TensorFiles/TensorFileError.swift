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

    /// One line, whatever the names in the file hold.
    public var description: String { "\(file): \(message)".printable }
}

/// A name from a file as error messages show it: quoted, and cut when it is absurdly long.
func quoted(_ name: String) -> String { "'\(name.shortened(to: 120))'" }
