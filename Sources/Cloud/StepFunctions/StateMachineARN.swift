import Platform

/// The ARN of a state machine: `arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`, optionally with `:VERSION` or an alias.
public struct StateMachineARN: Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public let region: String

    /// nil where `text` is not such an ARN.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (7...8).contains(parts.count), parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "states",
            parts[5] == "stateMachine", parts.allSatisfy({ !$0.isEmpty }),
            parts[3].utf8.allSatisfy({ $0.isLowercase || $0.isDigit || "-".utf8.contains($0) })
        else { return nil }
        description = text
        region = String(parts[3])
    }
}
