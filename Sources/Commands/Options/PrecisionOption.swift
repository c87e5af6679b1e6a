import ArgumentParser
import AstroMAE

extension Precision: ExpressibleByArgument {}

/// The precision of the network: an option of infer, embed and run.
struct PrecisionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Precision of the operands of Linear layers. bf16 is for processors with AVX512_BF16 or BFMMLA (slower on others) and changes redshifts by up to 5.4e-4 on the demo galaxies. Default: float32.",
            valueName: "precision"))
    var precision: Precision?
}
