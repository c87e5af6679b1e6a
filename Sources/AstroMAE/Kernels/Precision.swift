import CKernels

/// What the Linear layers of the encoder and the heads multiply. Their sums, and all else, are float32.
public enum Precision: String, Sendable, CaseIterable, Codable {
    case float32
    /// bfloat16: weights and the layers' inputs are rounded to nearest. On the demo galaxies redshifts then differ by up
    /// to 5.4e-4 (`make accuracy`). Convolutions and the patch embedding stay float32.
    case bf16
}

extension InstructionSet {
    /// Whether this processor has instructions that multiply bfloat16; otherwise it is widened to float32.
    public var multipliesBfloat16: Bool { table.map { $0.bf16 != CAI_BF16_WIDENED } ?? false }
    /// Whether these are ARM's, whose sums have other bits.
    var roundsToOdd: Bool { table?.bf16 == CAI_BF16_MMLA }
}
