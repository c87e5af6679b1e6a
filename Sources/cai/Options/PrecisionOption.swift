import ArgumentParser
import AstroMAE

extension Precision: ExpressibleByArgument {}

/// The precision of the network: an option of all commands that compute redshifts or features.
struct PrecisionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Of the Linear layers' operands: float32, or bf16, which is faster on processors with AVX512_BF16 and changes "
                + "redshifts by up to 3e-4 (docs/PERFORMANCE.md). Sums are float32. Default: float32.",
            valueName: "precision"))
    var precision: Precision?
}
