import ArgumentParser
import Cloud
import Inference
import Platform
import Runs

/// How galaxies are run through a network: options of all commands that run galaxies.
struct GalaxyRunOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Maximum galaxies per batch; no effect on results. Default: 128, with masks 64.",
            valueName: "n"))
    var batchSize: Int?

    @Option(
        name: [.customShort("j"), .long],
        help: ArgumentHelp(
            "Threads that compute; no effect on results. One more checks files ahead. Default: the processors this process may use.",
            valueName: "n"))
    var threads: Int?

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Run only the first n galaxies of all inputs.", valueName: "n"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Which of several networks in the weights, by its path there; the root is '.'.", valueName: "name"))
    var network: String?

    @Option(help: ArgumentHelp("Number of attention heads, if missing or wrong in the weights.", valueName: "n"))
    var numHeads: Int?

    @Flag(name: [.customShort("q"), .long], help: "Print no progress, notices or summary; warnings stay.")
    var quiet = false

    func validate() throws {
        try requireNumber(batchSize, of: "--batch-size", in: 1...8192)
        try requireThreads(threads)
        try requireNumber(limit, of: "--limit")
        try requireNumber(numHeads, of: "--num-heads")
        if let network { try requireName(network, of: "--network") }
    }

    /// - Parameter batchSize: where none is given.
    func settings(
        batchSize standard: Int = BatchRunner.defaultBatchSize, decoderHeads: Int? = nil,
        precision: PrecisionOption? = nil, isStrict: Bool
    ) -> RunSettings {
        RunSettings(
            limit: limit, batchSize: batchSize ?? standard, threads: threads ?? Processors.available,
            precision: precision?.precision ?? .float32, network: network, numHeads: numHeads,
            decoderHeads: decoderHeads, isStrict: isStrict)
    }
}

/// Names and bands of the galaxies in files: options of all commands that read galaxies.
struct GalaxyFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Name of the tensor, dataset, column or image with the cutouts. Default: images, image, or the only FITS image.",
            valueName: "name"))
    var images: String?

    @Option(
        help: ArgumentHelp(
            "Name of the magnitudes, or one name for each band, separated by commas. Default: magnitudes; mag_u to mag_z; u to z.",
            valueName: "names"))
    var magnitudes: String?

    @Option(help: ArgumentHelp("Name of the known redshifts. Default: redshifts, redshift.", valueName: "name"))
    var redshifts: String?

    @Option(help: ArgumentHelp("Name of the galaxies' ids. Default: object_id.", valueName: "name"))
    var objectID: String?

    @Option(
        help: ArgumentHelp(
            "The bands in the files, in order, one letter each; bands that the network does not have are left out. The network's are those stated in its weights, else u g r i z, or all given bands if these contain none of them.",
            valueName: "order"))
    var bands: String?

    @Option(
        help: ArgumentHelp(
            "A table of magnitudes, redshifts or both, joined by object_id: CSV (also gzipped), FITS, HDF5 or .npz.",
            valueName: "file"), completion: .file())
    var table: String?

    @Option(
        help: ArgumentHelp(
            "How the table is joined: by id, or by rows, if these are in the order of all galaxies. Default: id, if the galaxies have ids.",
            valueName: "how"))
    var join: GalaxyLayout.Join?

    @Option(
        help: ArgumentHelp(
            "Galaxies that are not in the table: an error, or NaN and a flag. Default: error.",
            valueName: "what"))
    var missingRows: GalaxyLayout.MissingRows?

    @Flag(help: "Images are [N, rows, columns, bands].")
    var channelsLast = false

    @OptionGroup var missing: MissingValuesOption

    /// The given options, by their names without hyphens. They have to be the same for all ranks of a run.
    var settings: [String: String] {
        let all = [
            "images": images, "magnitudes": magnitudes, "redshifts": redshifts, "object-id": objectID, "bands": bands,
            "table": table, "missing": missing.missing, "join": join?.rawValue,
            "missing-rows": missingRows?.rawValue, "channels-last": channelsLast ? "true" : nil,
        ]
        return all.compactMapValues { $0 }
    }

    func validate() throws {
        for (option, name) in settings.sorted(by: { $0.key < $1.key })
        where !["bands", "missing"].contains(option) { try requireName(name, of: "--\(option)") }
        try require(
            "--table", isGiven: table != nil, by: ["--join": join != nil, "--missing-rows": missingRows != nil])
        if let table, table.lowercased().hasPrefix("s3://") {
            throw ValidationError("--table: expected a local file, found '\(table)': copy it first")
        }
        _ = try usage("--") { () throws(Failure) in try GalaxyLayout(bands: bands) }
    }

    /// For commands that read images alone.
    func requireImagesAlone() throws {
        for (option, value) in [("--magnitudes", magnitudes), ("--redshifts", redshifts), ("--table", table)]
        where value != nil {
            throw ValidationError("\(option): this command reads only images and object_id")
        }
    }

    /// The layout, before the network and the table are known: see `GalaxyLayout.resolved`.
    func layout() throws -> GalaxyLayout {
        try GalaxyLayout(
            images: images, magnitudes: magnitudes, redshifts: redshifts, objectID: objectID, bands: bands,
            missing: missing.values(), channelsLast: channelsLast, table: table, join: join, missingRows: missingRows)
    }
}

extension GalaxyLayout.Join: ExpressibleByArgument {}
extension GalaxyLayout.MissingRows: ExpressibleByArgument {}

/// Options of all commands that run a masked autoencoder.
struct AutoencoderOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Files of galaxies, folders of them, or patterns.", valueName: "input"), completion: .file())
    var inputs: [String]

    @Option(
        name: [.customShort("w"), .long],
        help: ArgumentHelp(
            "The masked autoencoder: a checkpoint that 'cai inspect' supports. Default: $CAI_MAE_WEIGHTS, else the demo's.",
            valueName: "file"), completion: .file())
    var weights: String?

    @OptionGroup(title: "Galaxy files") var galaxyFiles: GalaxyFileOptions

    @Option(help: ArgumentHelp("Fraction of the patches to hide; at least one stays visible.", valueName: "ratio"))
    var maskRatio: Double = 0.75

    @Option(
        help: ArgumentHelp(
            "Seed of the masks; docs/ANOMALIES.md has the generator. Default: 0.", valueName: "n"))
    var seed: UInt64?

    @OptionGroup var galaxies: GalaxyRunOptions

    @Option(
        help: ArgumentHelp(
            "Number of attention heads of the decoder, if missing or wrong in the weights.", valueName: "n"))
    var decoderHeads: Int?

    @Flag(help: "Fail if a galaxy's pixels are not finite or all zero.")
    var strict = false

    @Flag(help: "Print the summary as a JSON object on standard output.")
    var json = false

    func validate() throws {
        for input in inputs { try requireName(input, of: "input") }
        if let weights { try requireName(weights, of: "--weights") }
        guard maskRatio > 0, maskRatio < 1 else {
            throw ValidationError("--mask-ratio: expected more than 0 and less than 1, found \(maskRatio)")
        }
        try requireNumber(decoderHeads, of: "--decoder-heads")
    }

    /// The job, and its output files. Checks that they can be written, and that none of them is an input.
    /// - Parameters:
    ///   - names: of outputs, of which options may be missing.
    ///   - others: files that are read besides galaxies and weights.
    func job(
        writing names: [String?], reading others: [String?] = []
    ) throws -> (job: AutoencoderJob, outputs: [OutputFile?]) {
        let weights = try WeightsLocator().locatedAutoencoder(weights)
        let store = try StoreLocator.store(of: [weights.path] + names.compactMap(\.self) + inputs)
        let files = try GalaxyInputs(inputs, store: store, layout: galaxyFiles.layout())
        let outputs = try names.map { name throws(Failure) in
            try name.map { name throws(Failure) in try OutputFile(name, store: store) }
        }
        try OutputFile.check(
            outputs.compactMap(\.self), sparing: [weights.path] + others.compactMap(\.self) + files.paths)
        FileNotices.others(in: inputs, isQuiet: galaxies.quiet)
        let job = AutoencoderJob(
            weights: weights, inputs: files, store: store, maskRatio: maskRatio,
            settings: galaxies.settings(
                batchSize: AutoencoderJob.defaultBatchSize, decoderHeads: decoderHeads, isStrict: strict))
        return (job, outputs)
    }
}
