import ArgumentParser
import Inference
import Platform
import Report
import Runs

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Make redshift intervals from labelled predictions.",
        usage: "cai calibrate <labelled> -o <out> [<options>]",
        discussion: """
            Reads z_phot and z_spec of predictions for galaxies that the network was not trained on, and writes the \
            half-widths of intervals around z_phot, for each level and in bins of z_phot, or of a magnitude (--by), \
            with equal numbers of galaxies (split conformal prediction). 'cai infer --calibration OUT' then adds the \
            columns z_low_68, z_high_68, ... to its output, and 'cai evaluate --calibration OUT' shows how many z_spec the intervals cover.

            If a new galaxy is like the labelled ones of its bin (exchangeable with them), its interval covers z_spec \
            with a probability of at least the level, and at most the level + 1/(n + 1) for n labelled galaxies in \
            the bin. It is not a statement about galaxies of another survey, depth or selection. A bin needs p/(1 - p) \
            galaxies for a level p: 19 for 0.95.

            --by r takes bins of the magnitude in the band r, from the column mag_r, which 'cai infer \
            --add-magnitudes' writes. Galaxies without it are left out; later ones without it have no interval, and \
            those beyond the labelled ones are in the first or the last bin.

            OUT records the SHA-256 of the weights, from the record beside the predictions (.run.json) or the header of \
            a .fits or .h5 file; --weights names the file where there is neither.

            EXAMPLES
              cai calibrate labelled.csv -o calibration.json
              cai calibrate labelled.fits -o calibration.json --levels 0.68,0.9
              cai calibrate labelled.csv -o calibration.json --bins 5
              cai calibrate labelled.csv -o calibration.json --by r
              cai calibrate labelled.csv -o calibration.json --fraction 0.5
              cai infer data/ -o z.csv --calibration calibration.json
              cai evaluate labelled.csv --calibration calibration.json
            """)

    @Argument(
        help: ArgumentHelp("Predictions with the columns z_phot and z_spec.", valueName: "labelled"),
        completion: .file())
    var labelled: String

    @Option(
        name: [.customShort("o"), .long], help: ArgumentHelp("The calibration, a JSON file.", valueName: "out"),
        completion: .file())
    var output: String

    @Option(
        help: ArgumentHelp(
            "Quantity that is divided into bins: z_phot, or a band's letter for its magnitude (column mag_r for r).",
            valueName: "quantity"))
    var by = "z_phot"

    @Option(help: ArgumentHelp("Bins, each with the same number of galaxies.", valueName: "number"))
    var bins = 3

    @Option(help: ArgumentHelp("Probabilities of coverage, separated by commas.", valueName: "levels"))
    var levels = "0.68,0.95"

    @Option(
        help: ArgumentHelp(
            "Use this fraction of the galaxies, chosen by a digest of source, row and object_id; 'cai evaluate' uses the others.",
            valueName: "fraction"))
    var fraction = 1.0

    @Option(
        name: [.customShort("w"), .long],
        help: ArgumentHelp("The weights of the predictions, if these do not state them.", valueName: "file"),
        completion: .file())
    var weights: String?

    @OptionGroup var missing: MissingValuesOption

    @Flag(help: "Print the calibration on the standard output, too.")
    var json = false

    @Flag(name: [.customShort("q"), .long], help: "Print no summary.")
    var quiet = false

    func validate() throws {
        try requireName(labelled, of: "labelled")
        try requireName(output, of: "--output")
        if let weights { try requireName(weights, of: "--weights") }
        try requireNumber(bins, of: "--bins", in: 1...1000)
        _ = try coverageLevels()
        _ = try quantity()
        _ = try split()
    }

    private func coverageLevels() throws -> [CoverageLevel] {
        let levels = try levels.split(separator: ",", omittingEmptySubsequences: false).map { text in
            guard let level = Double(text).flatMap({ CoverageLevel($0) }) else {
                throw ValidationError(
                    "--levels: expected probabilities of more than 0 and less than 1, with at most 5 decimals, "
                        + "between commas, found \(self.levels.quoted)")
            }
            return level
        }
        guard zip(levels, levels.dropFirst()).allSatisfy(<) else {
            throw ValidationError("--levels: expected them in ascending order, found \(self.levels.quoted)")
        }
        return levels
    }

    private func quantity() throws -> BinnedQuantity {
        guard let quantity = BinnedQuantity(by) else {
            throw ValidationError("--by: expected z_phot, or the letter of a band, such as r; found \(by.quoted)")
        }
        return quantity
    }

    private func split() throws -> CalibrationSplit {
        guard let split = CalibrationSplit(fraction) else {
            throw ValidationError("--fraction: expected more than 0, at most 1, found \(fraction)")
        }
        return split
    }

    func run() throws {
        let read = [labelled, labelled + RunRecord.ending, labelled + RankSidecar.ending, weights]
        try AtomicFile.check(path: output, sparing: read.compactMap(\.self))
        let (split, quantity) = (try split(), try quantity())
        var doubts: [String] = []
        let predictions = try LabelledPredictions(labelled, missing: missing.stated()) { doubts.append($0) }
        doubts.forEach(Console.warn)
        let (weights, sha256) = try predictions.weights(orOf: weights)
        let table = try predictions.table(of: split, by: quantity)
        let calibration: Calibration
        do {
            calibration = try Calibration(
                predicted: table.predicted, spectroscopic: table.spectroscopic, by: quantity,
                magnitudes: table.numbers, levels: coverageLevels(), bins: bins, split: split,
                origin: Calibration.Origin(
                    predictions: InputList.lastComponent(labelled), predictionsSHA256: predictions.sha256,
                    weights: weights, weightsSHA256: sha256, arithmetic: predictions.origin?.arithmetic,
                    network: predictions.origin?.choices["network"],
                    numHeads: predictions.origin?.choices["num_heads"], precision: predictions.precision))
        } catch let failure as Failure {
            throw Failure("\(labelled): \(failure.message)")
        }
        try FileNotices.reportingReplaced([output], isQuiet: quiet) {
            try AtomicFile.write(calibration.json, to: output)
        }
        if json { try StandardOutput.write(String(decoding: calibration.json, as: UTF8.self)) }
        guard !quiet else { return }
        let unknown = table.unknown.count > 0 ? table.unknown.summary + "\n" : ""
        let missing = table.numbers.count { !$0.isFinite }
        let without =
            missing > 0 ? Numbers.counted(missing, "galaxy", "galaxies") + " without \(quantity.column)\n" : ""
        Console.write(
            unknown + without + Numbers.counted(calibration.galaxies, "galaxy", "galaxies")
                + ", weights \(weights.printable)\n"
                + calibration.text + "\(output.printable)\n")
    }
}
