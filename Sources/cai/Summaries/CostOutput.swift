import Platform

/// A result of `cai cost`, as text and as JSON.
protocol CostOutput {
    var text: String { get }
    var json: JSONValue { get }
}
