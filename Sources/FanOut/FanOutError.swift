import Cloud
import Inference

/// Why a run cannot begin, a rank failed, or results are not whole: one line.
public struct FanOutError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
    public init(_ error: CloudError) { self.init(error.description) }
}
