import ArgumentParser

/// Positive whole numbers, separated by commas on the command line.
public struct Counts: ExpressibleByArgument, ExpressibleByArrayLiteral, Sendable {
    public let values: [Int]

    /// Equal values are kept once: on one core `[1, cores]` is one number.
    public init(arrayLiteral elements: Int...) {
        values = elements.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    public init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard numbers.allSatisfy({ (1...1_000_000).contains($0) }) else { return nil }
        values = numbers
    }

    public var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}
