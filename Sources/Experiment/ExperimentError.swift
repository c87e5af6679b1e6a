import Cloud
import FanOut
import FoundationEssentials
import Inference
import TensorFiles

/// Why an experiment cannot begin, go on or be resumed: one line.
public struct ExperimentError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Runs `body` and passes on what the targets below throw.
func passing<Result>(_ body: () throws -> Result) throws(ExperimentError) -> Result {
    do { return try body() } catch {
        throw error as? ExperimentError ?? ExperimentError("\(error)")
    }
}

extension FileManager {
    /// Makes a folder and those above it, where they are not there.
    func makeFolder(_ path: String) throws(ExperimentError) {
        do {
            try createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ExperimentError(
                "\(path): " + (fileExists(atPath: path) ? "is not a folder" : "the folder cannot be made"))
        }
    }
}
