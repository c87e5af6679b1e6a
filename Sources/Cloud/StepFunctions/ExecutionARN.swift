import Platform

/// The ARN of an execution: `arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME`.
public struct ExecutionARN: Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// The execution's name, which is also the run's.
    public let name: String
    public let region: String
    private let machine: [Substring]

    /// nil where `text` is not such an ARN.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 8, parts[5] == "execution",
            let machine = StateMachineARN((parts[..<5] + ["stateMachine", parts[6]]).joined(separator: ":")),
            // That of a Map's rank has a slash.
            !parts[6].contains("/"), Self.isName(parts[7])
        else { return nil }
        (description, name, region) = (text, String(parts[7]), machine.region)
        self.machine = Array(parts[..<5]) + [parts[6]]
    }

    /// The execution of that name; nil where it cannot be one.
    public init?(_ machine: StateMachineARN, name: String) {
        let parts = machine.description.split(separator: ":")
        self.init((parts[..<5] + ["execution", parts[6], Substring(name)]).joined(separator: ":"))
    }

    /// Whether it is an execution of that state machine, of any version.
    public func isOf(_ machine: StateMachineARN) -> Bool {
        let parts = machine.description.split(separator: ":")
        return Array(parts[..<5]) + [parts[6]] == self.machine
    }

    /// Whether an execution can have that name: characters that Step Functions accepts without quoting.
    public static func isName(_ name: some StringProtocol) -> Bool {
        (1...80).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII && scalar.properties.isAlphabetic || "0123456789-_".unicodeScalars.contains(scalar)
            }
    }
}
