/// What Lambda bills for an invocation, as the function's log has it: `REPORT RequestId: ...`, with fields that are
/// separated by tabs.
public struct LambdaReport: Sendable, Equatable {
    public let requestID: String
    /// Seconds that are billed. They include the start of an environment, for all functions since August 2025.
    public let billed: Double
    /// Seconds of the start of an environment; 0 where it had one already.
    public let start: Double
    /// MB of 2^20 bytes configured.
    public let memory: Int

    /// nil where `line` is not such a report.
    public init?(_ line: String) {
        var fields: [Substring: Substring] = [:]
        for field in line.split(whereSeparator: { $0 == "\t" || $0.isNewline }) {
            guard let colon = field.firstIndex(of: ":") else { continue }
            let value = field[field.index(after: colon)...].split(separator: " ").first
            fields[field[..<colon]] = value
        }
        func number(_ key: Substring, below bound: Double) -> Double? {
            fields[key].flatMap { Double($0) }.flatMap { $0 >= 0 && $0 < bound ? $0 : nil }
        }
        guard let id = fields["REPORT RequestId"], let billed = number("Billed Duration", below: 1e9),
            let memory = number("Memory Size", below: 1_048_576)
        else { return nil }
        (requestID, self.billed, self.memory) = (String(id), billed / 1000, Int(memory))
        start = (number("Init Duration", below: 1e9) ?? 0) / 1000
    }
}
