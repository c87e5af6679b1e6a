import ArgumentParser
import AstroMAE

extension Precision: ExpressibleByArgument {}

/// The precision of the network: an option of infer, embed and run.
struct PrecisionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Of the Linear layers' operands: float32, or bf16, for processors with AVX512_BF16 or BFMMLA (slower on "
                + "others), which changes redshifts by up to 5.4e-4 on the demo galaxies. Default: float32.",
            valueName: "precision"))
    var precision: Precision?
}
