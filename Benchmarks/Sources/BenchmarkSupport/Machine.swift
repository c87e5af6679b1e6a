import Foundation
import Platform

/// The machine that a figure was measured on.
public struct Machine: Codable, Sendable {
    /// The processor's name.
    public let cpu: String
    /// Logical processors that this process may use.
    public let cores: Int

    public static func current() -> Machine {
        Machine(cpu: ProcessorModel.name ?? "unknown", cores: ProcessInfo.processInfo.activeProcessorCount)
    }
}
