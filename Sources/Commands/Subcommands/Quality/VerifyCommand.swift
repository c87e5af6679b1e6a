import ArgumentParser
import Cloud
import Inference
import Platform
import Runs

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare redshifts with those of your own PyTorch.",
        usage: "cai verify <input> ... --reference <file> [<options>]",
        discussion: """
            Computes the redshifts of the galaxies and compares them, one by one, with those in the reference: what the \
            module gave in PyTorch for the same galaxies in the same order. Prints the largest and the \
            root-mean-square difference and the worst galaxies, and exits with 1 if any difference is above the tolerance.

            A file does not hold the code of a module's forward, so only this comparison shows that this program runs your \
            network. docs/FORMATS.md has ten lines of Python that write a reference. Galaxies with flags are \
            not compared. PyTorch on a GPU may round products to TF32: compute the reference on a CPU, or in float64.

            EXAMPLES
              cai verify --weights model.pt --reference z.npy 1.pt
              cai verify --weights model.pt --reference z.npz cutouts.npz \\
                --table catalogue.csv --json
            """)

    @Argument(
        help: ArgumentHelp("Files of galaxies, folders of them, or patterns.", valueName: "input"), completion: .file())
    var inputs: [String]

    @OptionGroup(title: "Galaxy files") var galaxyFiles: GalaxyFileOptions

    @Option(
        name: [.customShort("w"), .long],
        help: ArgumentHelp("The network, as of 'cai infer'. Default: $CAI_WEIGHTS.", valueName: "file"),
        completion: .file())
    var weights: String?

    @Option(
        help: ArgumentHelp(
            "The reference: a .npy array, or z in a .npz file, of shape [N] or [N, 1].", valueName: "file"),
        completion: .file())
    var reference: String

    @Option(help: ArgumentHelp("Largest difference of redshifts that counts as agreement.", valueName: "dz"))
    var tolerance: Double = 1e-5

    @OptionGroup var galaxies: GalaxyRunOptions

    @Flag(help: "Print the comparison as a JSON object.")
    var json = false

    func validate() throws {
        for input in inputs { try requireName(input, of: "input") }
        if let weights { try requireName(weights, of: "--weights") }
        try requireName(reference, of: "--reference")
        guard tolerance >= 0, tolerance.isFinite else {
            throw ValidationError("--tolerance: expected a number of at least 0, found \(tolerance)")
        }
    }

    func run() throws {
        let weights = try WeightsLocator().located(weights)
        let store = try StoreLocator.store(of: [weights.path] + inputs)
        let expected = try ReferenceComparison.redshifts(of: reference)
        let job = try PredictionJob(
            weights: weights.path, inputs: try GalaxyInputs(inputs, store: store, layout: galaxyFiles.layout()),
            store: store, settings: galaxies.settings(isStrict: false))
        let predictions = try weights.naming { () throws(Failure) in
            try job.run(ConsoleEvents(isQuiet: galaxies.quiet))
        }.predictions
        let comparison = try ReferenceComparison(
            predictions.redshifts, reference: expected, file: reference, tolerance: tolerance)
        var ids: [Int: String] = [:]
        let shown = Set(comparison.worst.map(\.index))
        try predictions.run.forEachGalaxy { galaxy, index in
            if shown.contains(index) { ids[index] = galaxy.objectID }
        }
        try StandardOutput.write(
            comparison.json(ids, weights: weights.path, reference: reference), asJSON: json, text: comparison.text(ids))
        guard comparison.agrees else {
            throw Failure(
                weights.path, "does not give the redshifts of \(reference) within \(tolerance): see the worst galaxies")
        }
    }
}

extension ReferenceComparison {
    fileprivate func json(_ ids: [Int: String], weights: String, reference: String) -> JSONObject {
        let rows = worst.map { row -> JSONObject in
            [
                "index": row.index, "object_id": ids[row.index], "reference": row.reference.finite,
                "here": row.here, "difference": row.difference.finite,
            ]
        }
        return [
            "weights": weights, "reference": reference, "compared": compared, "flagged": flagged,
            "max": orNull(largest.finite), "rms": orNull(rootMeanSquare.finite), "tolerance": tolerance,
            "agrees": agrees, "worst": rows,
        ]
    }

    fileprivate func text(_ ids: [Int: String]) -> String {
        var lines = ["\(Numbers.counted(compared, "galaxy", "galaxies")) compared"]
        if flagged > 0 { lines.append("\(Numbers.grouped(flagged)) not compared: they have flags here") }
        lines.append("largest difference \(Self.short(largest)), root mean square \(Self.short(rootMeanSquare))")
        for row in worst {
            lines.append(
                "  \(ids[row.index] ?? "\(row.index)")  reference \(row.reference)  here \(row.here)  "
                    + "difference \(Self.short(row.difference))")
        }
        lines.append(
            agrees
                ? "agrees: no difference above \(tolerance)"
                : "differs: above the tolerance of \(tolerance) (--tolerance)")
        return lines.map { $0.printable + "\n" }.joined()
    }

    private static func short(_ value: Double) -> String { Decimals.shortest(value, digits: 3) }
}

extension Double {
    /// nil for NaN and infinities, which JSON does not have.
    fileprivate var finite: Double? { isFinite ? self : nil }
}
