import ArgumentParser
import AstroMAE
import Cloud
import Runs
import Inference
import Platform

extension GemmBackend: ExpressibleByArgument {}

struct InferCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "infer",
        abstract: "Predict the redshifts of galaxies.",
        usage: "cai infer <input> ... [-o <out>] [<options>]",
        discussion: """
            Inputs are PyTorch files (a TensorDataset of images [N, 5, 32, 32], magnitudes [N, 5] and, if known, \
            redshifts [N]); .npz, .safetensors, HDF5 or FITS files with tensors, datasets or columns of those names; \
            folders of such files; or patterns. The options below set other names or bands; larger cutouts are \
            cropped to their middle: see docs/FORMATS.md. Files are sorted in natural order (1, 2, 10). \
            s3://bucket/key is an object, s3://bucket/prefix/ the files directly under a prefix: they are computed while \
            they are fetched, with the credentials and the endpoint of AWS's own tools.

            OUT is complete or absent: it is written to a temporary file and renamed. Its ending sets the format: .csv (columns \
            object_id, source, row, z_phot, z_spec, flags), .csv.gz, .fits or .h5 (the same columns, and provenance), .jsonl \
            (the same, one object per line) or .npy (z_phot as float32). It may be s3://bucket/key. Without it, or \
            with -, CSV goes to the standard output. Numbers have the digits needed to read them back exactly. Beside a \
            form without provenance, OUT.run.json states the weights, the options and what was taken from the files.

            A galaxy whose pixels or magnitudes are not finite or all zero has flags and NaN for its z_phot: the sum of 1 \
            (pixels not finite), 2 (image all zero), 4 (magnitudes not finite), 8 (magnitudes all zero) and 16 (the \
            network's result is not finite). --strict makes it an error.

            Finished galaxies are kept in OUT.partial until OUT is complete. Continue a run that was killed, stopped or \
            failed by the same command with --resume: OUT then has the bytes of an undisturbed run. A rank whose \
            part is complete by its PART.rank.json is not run again.

            \(RankOptions.discussion)

            EXAMPLES
              cai infer 1.pt 2.pt -o predictions.csv
              cai infer data/ --weights model.pt -o z.npy --threads 8
              cai infer 'data/*.pt' --limit 1000 | head
              cai infer data/ -o predictions.jsonl --json
              CAI_WEIGHTS=model.safetensors cai infer 1.pt --num-heads 3
              cai infer 1.pt -o z.csv --profile
              cai infer s3://bucket/100MB/ -o s3://bucket/predictions.csv
              cai infer data/ -o z.csv --rank 3 --world-size 16
              cai infer s3://bucket/100MB/ -o z.csv --rank 3 --world-size 16 \\
                --index index.json
              srun -n 16 cai infer data/ -o z.csv && cai merge z.rank-* -o z.csv
              cai infer data/ -o z.csv --resume
              cai infer data/ -o z.fits --calibration calibration.json
              cai infer cutouts/*.fits --table catalogue.csv --bands grizu -o z.fits
            """)

    @Argument(
        help: ArgumentHelp("Files of galaxies, folders of them, or patterns.", valueName: "input"), completion: .file())
    var inputs: [String]

    @OptionGroup(title: "Galaxy files") var galaxyFiles: GalaxyFileOptions

    @Option(
        name: [.customShort("w"), .long],
        help: ArgumentHelp(
            "The network: any checkpoint that 'cai inspect' supports. Default: $CAI_WEIGHTS, else the demo weights.",
            valueName: "file"), completion: .file())
    var weights: String?

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp(
            "The output: .csv, .csv.gz, .jsonl, .npy, .fits, .h5, or - for CSV on standard output.",
            valueName: "out"), completion: .file())
    var output: String = "-"

    @OptionGroup var galaxies: GalaxyRunOptions

    @Option(
        help: ArgumentHelp(
            "Back end of matrix products. With openblas, which has to be installed, the last bits depend on a galaxy's index in its batch. auto is packed.",
            valueName: "back end"))
    var gemm = GemmBackend.auto

    @OptionGroup var precision: PrecisionOption

    @Option(
        help: ArgumentHelp(
            "Add the intervals of a file of 'cai calibrate': columns z_low_68, z_high_68, ... It has to be of the same weights.",
            valueName: "file"), completion: .file())
    var calibration: String?

    @Flag(
        help: ArgumentHelp(
            "Add the galaxies' magnitudes in the network's bands: the columns mag_u, mag_g, ..., NaN where one is missing."
        ))
    var addMagnitudes = false

    @OptionGroup var ranks: RankOptions

    @Flag(
        help: ArgumentHelp(
            "Resume from OUT.partial if it exists, and keep a rank's complete part; otherwise run all galaxies."))
    var resume = false

    @Flag(help: "Fail if a galaxy's pixels or magnitudes are not finite or all zero.")
    var strict = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Warn if a z_phot is outside MIN,MAX; 'none': no warning. Default: -0.1,10.", valueName: "min,max"))
    var zRange: String?

    @Flag(help: "Print the time of each operation, also with --json.")
    var profile = false

    @Flag(help: "Print the summary as a JSON object on standard output; OUT must be a file.")
    var json = false

    func validate() throws {
        for input in inputs { try requireName(input, of: "input") }
        if let weights { try requireName(weights, of: "--weights") }
        if let calibration { try requireName(calibration, of: "--calibration") }
        if output != "-", PredictionFormat(path: output) == nil {
            throw ValidationError(
                "--output: expected a name ending in \(PredictionFormat.listed), or -, found '\(output)'")
        }
        let further = calibration != nil ? "--calibration" : addMagnitudes ? "--add-magnitudes" : nil
        if let further, PredictionFormat(path: output) == .npy {
            throw ValidationError(
                "--output: a .npy array holds z_phot only: with \(further), expected .csv, .csv.gz, .jsonl, .fits or .h5"
            )
        }
        if profile, galaxies.quiet, !json {
            throw ValidationError("--profile: --quiet suppresses it: add --json, or leave --quiet out")
        }
        if resume, output == "-" || S3Location.isLocation(output) {
            throw ValidationError("--resume: expected --output with a file here, found '\(output)'")
        }
        if resume, gemm == .openblas {
            throw ValidationError(
                "--resume: with --gemm openblas bits depend on the micro-batches: run all of it again")
        }
        if precision.precision == .bf16, gemm == .openblas {
            throw ValidationError("--precision bf16: OpenBLAS multiplies float32: leave --gemm openblas out")
        }
        if ranks.share == .files, galaxies.limit != nil {
            throw ValidationError("--limit: expected no --share files with it, whose shares are whole files")
        }
        do { _ = try plausible() } catch { throw ValidationError("--\(error)") }
        if json, output == "-" {
            throw ValidationError(
                "--json: it is written to the standard output, and so are the predictions: name a file with --output")
        }
    }

    private func plausible() throws(Failure) -> PlausibleRedshifts? {
        zRange == "none" ? nil : try zRange.map(PlausibleRedshifts.init) ?? .usual
    }

    /// Options that rows depend on, by their names. A table's has its SHA-256, since ranks of one run may start days apart.
    private func rowOptions() throws(Failure) -> [String: String] {
        var options = galaxyFiles.settings
        if let table = galaxyFiles.table {
            options["table"] = "\(table) (sha256:\(try SHA256Digest.ofFile(table).sha256))"
        }
        options["network"] = galaxies.network
        options["num-heads"] = galaxies.numHeads.map(String.init)
        return options
    }

    func run() throws {
        let located = try WeightsLocator().located(weights)
        let weights = located.path
        let rank = try ranks.rank(output: output)
        let output = try rank?.output ?? plainName()
        let store = try StoreLocator.store(of: [weights, output, ranks.index ?? ""] + inputs)
        let file = output == "-" ? nil : try OutputFile(output, store: store)
        let inputs = try GalaxyInputs(inputs, store: store, layout: galaxyFiles.layout())
        if resume, let file, !file.isLocalFile {
            throw ValidationError("--resume: expected --output with a file here, found '\(output)'")
        }
        let job = try PredictionJob(
            weights: weights, inputs: inputs, store: store, output: file, share: rank?.share,
            shareUnit: ranks.share, index: ranks.index, isResumed: resume,
            rowOptions: file == nil ? [:] : try rowOptions(),
            settings: galaxies.settings(precision: precision, isStrict: strict),
            gemm: gemm, calibration: calibration, writesMagnitudes: addMagnitudes, isProfiled: profile,
            command: ProcessArguments.quoted)
        let events = ConsoleEvents(isQuiet: galaxies.quiet)
        FileNotices.others(in: self.inputs, isQuiet: galaxies.quiet)
        if let rank { events.notice(rank.notice) } else if let warning = ranks.warning() { events.warning(warning) }
        Interruption.reportStatus { [status = job.status] in status.text }
        let outcome = try FileNotices.reportingReplaced(
            [output], isQuiet: galaxies.quiet, unless: \.wasComplete
        ) {
            try located.naming { () throws(Failure) in try job.run(events) }
        }
        if file == nil {
            var sink = StandardOutput()
            try PredictionWriter.writeCSV(outcome.predictions, to: &sink)
        }
        let summary = RunSummary(
            outcome, of: job, output: output, requests: store?.statistics, plausible: try plausible())
        summary.report(isQuiet: galaxies.quiet)
        if json { try StandardOutput.write(json: summary.json) }
    }

    /// OUT, where all galaxies are run.
    private func plainName() throws -> String {
        guard output.contains(RankShare.placeholder) else { return output }
        throw ValidationError(
            "--output: \(RankShare.placeholder) in '\(output)' needs a rank: expected --rank and --world-size")
    }
}
