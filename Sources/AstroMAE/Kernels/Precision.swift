import CKernels

/// What the Linear layers of the encoder and the heads multiply. Their sums, and all else, are float32.
public enum Precision: String, Sendable, CaseIterable, Codable {
    case float32
    /// bfloat16: weights and the layers' inputs are rounded to nearest. On the demo galaxies redshifts then differ by up
    /// to 3.0e-4. Convolutions and the patch embedding stay float32: with them it would be 5.4e-3.
    case bf16
}

extension InstructionSet {
    /// Whether this processor multiplies bfloat16 faster than float32; otherwise it is widened, to the same bits.
    public var multipliesBfloat16: Bool { table?.bf16 == CAI_BF16_DOT }
}
