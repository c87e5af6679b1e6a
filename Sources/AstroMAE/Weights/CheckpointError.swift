/// Why weights do not make the network: the file, and the key, what was expected and what was found.
public struct CheckpointError: Error, Equatable, CustomStringConvertible {
    public let file: String
    public let message: String

    public init(file: String, message: String) {
        self.file = file
        self.message = message
    }

    public var description: String { "\(file): \(message)" }
}
