/// Why a report could not be made: one clear line that names the file and the line where there are any.
public struct ReportError: Error, Equatable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
