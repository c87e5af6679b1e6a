/// Why a file of tensors could not be read or written. `file` is the path or URL, `key` the tensor, entry or opcode.
public struct TensorFileError: Error, Equatable, CustomStringConvertible {
    public let file: String
    public let message: String

    public init(file: String, message: String) {
        self.file = file
        self.message = message
    }

    public var description: String { "\(file): \(message)" }
}
