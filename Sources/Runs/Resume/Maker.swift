import AstroMAE
import Platform

/// What redshifts depend on besides galaxies and weights.
public struct Maker: Sendable, Equatable, Codable {
    /// Of the program.
    public let version: String
    public let instructionSet: String
    public let gemm: String

    public init(version: String, instructionSet: String, gemm: String) {
        (self.version, self.instructionSet, self.gemm) = (version, instructionSet, gemm)
    }

    /// This program with that network.
    init(_ model: RedshiftModel) {
        self.init(version: Release.version, instructionSet: model.instructionSet.rawValue, gemm: model.gemm.rawValue)
    }

    enum CodingKeys: String, CodingKey {
        case version, gemm
        case instructionSet = "instruction_set"
    }
}
