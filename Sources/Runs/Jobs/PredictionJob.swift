import AstroMAE
import Cloud
import Inference
import Platform

/// Predicts the redshifts of galaxies: weights and inputs in; predictions, their quality and an output file out.
///
/// Finished galaxies are kept in `OUT.partial` beside a local output until that is complete. A rank's output gets a sidecar,
/// which merging the ranks needs.
public struct PredictionJob: Sendable {
    /// A path or an `s3://` URL.
    public let weights: String
    public let inputs: GalaxyInputs
    public let settings: RunSettings
    /// How many galaxies are done, for other threads.
    public let status: RunStatus

    private let store: (any ObjectStore)?
    private let output: OutputFile?
    private let format: PredictionFormat
    private let share: RankShare?
    private let shareUnit: ShareUnit
    /// In the order of the inputs, with its name for errors; nil for none.
    private let index: (GalaxyIndex, name: String)?
    private let gemm: GemmBackend
    /// With its name and SHA-256; nil for none.
    private let calibration: (Calibration, name: String)?
    private let writesMagnitudes: Bool
    private let isProfiled: Bool
    /// For formats that record it.
    private let command: String
    private let partial: PartialRun?
    private let record: RankRecorder?
    /// Where the `RunRecord` of an output goes that has neither a sidecar nor provenance of its own.
    private let runRecord: OutputFile?
    /// Options that rows depend on, by their names, and the missing values.
    private let rowOptions: [String: String]

    /// Checks that the output can be written, and opens its journal.
    /// - Parameters:
    ///   - weights: any checkpoint of a redshift network, as a path or an `s3://` URL.
    ///   - store: has the weights, if they are an object.
    ///   - output: where predictions are written; nil to return them only.
    ///   - share: the galaxies of one rank; nil for all.
    ///   - shareUnit: what shares are cut from.
    ///   - index: a file or object of `GalaxyIndex`, by which a rank opens its own files only; nil for none.
    ///   - isResumed: whether galaxies that an earlier run has left in the journal, or in a rank's complete output, are used.
    ///   - rowOptions: options that rows depend on, by their names; compared when a run is resumed or ranks are merged.
    ///   - gemm: the matrix multiplication. With `openblas` the last bits depend on micro-batches, and no journal is kept.
    ///   - calibration: the path of a file of `cai calibrate`, by which intervals are added to the rows; nil for none.
    ///   - writesMagnitudes: whether the galaxies' magnitudes are added to the rows.
    ///   - isProfiled: whether kernel calls are timed.
    ///   - command: the command line that FITS and HDF5 outputs record.
    /// - Throws: `Failure` where the output cannot be written, is one of the inputs, or has no room for further columns;
    ///   for an invalid calibration; and where the journal has rows of an earlier run and `isResumed` is false.
    public init(
        weights: String, inputs: GalaxyInputs, store: (any ObjectStore)? = nil, output: OutputFile? = nil,
        share: RankShare? = nil, shareUnit: ShareUnit = .galaxies, index: String? = nil, isResumed: Bool = false,
        rowOptions: [String: String] = [:],
        settings: RunSettings = RunSettings(), gemm: GemmBackend = .auto, calibration: String? = nil,
        writesMagnitudes: Bool = false, isProfiled: Bool = false, command: String = ""
    ) throws(Failure) {
        (self.weights, self.inputs, self.store, self.output) = (weights, inputs, store, output)
        (self.share, self.shareUnit, self.settings, self.gemm) = (share, shareUnit, settings, gemm)
        (self.isProfiled, self.command, self.writesMagnitudes) = (isProfiled, command, writesMagnitudes)
        format = output.flatMap { PredictionFormat(path: $0.name) } ?? .csv
        // Stated also where it is the default, which may be another of another version.
        var rowOptions = rowOptions.merging(["missing": inputs.layout.missing.text]) { $1 }
        rowOptions["precision"] = settings.precision == .float32 ? nil : settings.precision.rawValue
        self.calibration = try calibration.map { path throws(Failure) in
            (try Calibration(path: path), "\(path) (sha256:\(try SHA256Digest.ofFile(path).sha256))")
        }
        rowOptions["calibration"] = self.calibration?.name
        rowOptions["add-magnitudes"] = writesMagnitudes ? "true" : nil
        self.rowOptions = rowOptions
        let read = [weights] + inputs.paths + [index, calibration].compactMap(\.self)
        let further = calibration != nil ? "--calibration" : writesMagnitudes ? "--add-magnitudes" : nil
        if let further, let output, format == .npy {
            throw Failure(
                .usage, output.name,
                "a .npy array holds z_phot only: with \(further), expected .csv, .csv.gz, .jsonl, .fits or .h5")
        }
        try output?.check(sparing: read, format: format)
        self.index = try index.map { name throws(Failure) in
            (try GalaxyIndex.read(name, store: store).ordered(as: inputs, name: name), name)
        }
        partial =
            if let output, gemm != .openblas {
                try PartialRun(output, isResumed: isResumed, settings: rowOptions)
            } else { nil }
        record =
            if let output, share != nil {
                try RankRecorder(output, settings: rowOptions, store: store)
            } else { nil }
        runRecord =
            if let output, share == nil, output.isFile, !format.hasProvenance {
                try output.beside(RunRecord.ending)
            } else { nil }
        try runRecord?.check(sparing: read)
        status = RunStatus(partial?.journal)
    }

    /// Computes the predictions and writes the output. The headers of all files are checked before the first galaxy is run,
    /// and the checksums of each file while its galaxies are.
    /// - Throws: `Failure` for a file that is not valid or has changed, and where the output cannot be written. Finished
    ///   galaxies are then in the journal.
    public func run(_ events: some JobEvents = NoEvents()) throws(Failure) -> Outcome {
        defer { partial?.journal.close() }
        do throws(Failure) {
            let outcome = try predict(events)
            if !outcome.wasComplete { try write(outcome) }
            partial?.journal.remove()
            return outcome
        } catch {
            if let journal = partial?.journal, !journal.isDone, !journal.finished.isEmpty {
                events.warning(status.text)
            }
            throw error
        }
    }

    private func predict(_ events: some JobEvents) throws(Failure) -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        let file = try WeightsFile(weights, store: store)
        let isRecorded = record != nil || runRecord != nil
        let isDigested = partial != nil || isRecorded || output != nil && format.hasProvenance || calibration != nil
        let (model, sha256) = try file.load(threads: settings.threads, isDigested: isDigested) {
            (file, parallel) throws(Failure) in
            try RedshiftModel(
                weights: file, network: settings.network, numHeads: settings.numHeads, gemm: gemm,
                precision: settings.precision, on: parallel)
        }
        model.warnings.forEach(events.warning)
        if let notice = model.precisionNotice { events.notice(notice) }
        let network = RunChoices.made(model, network: settings.network)
        if let (calibration, name) = calibration {
            try calibration.check(
                weights, sha256: sha256 ?? "", arithmetic: model.arithmetic.description, choices: network, name: name)
        }
        let loaded = clock.now
        events.detail(
            "weights: \(weights)" + (sha256.map { ", sha256 \($0)" } ?? "")
                + ", \(Numbers.grouped(model.parameterCount)) "
                + "parameters; arithmetic \(model.arithmetic), \(model.instructionSet.rawValue)")
        let inputs = try inputs.resolved(for: model)
        let part = try share.map { share throws(Failure) in
            try RankPart(share, of: shareUnit, inputs, for: model, index: index, limit: settings.limit)
        }
        let sections =
            if let part { part.sections } else {
                GalaxyRun.sections(
                    of: try inputs.partitions(for: model, limit: settings.limit), limit: settings.limit)
            }
        let partitions = sections.map(\.partition)
        try checkMagnitudes(of: partitions, bands: inputs.layout.bandNames)
        let isIdentified = part == nil && (partial != nil || isRecorded || index != nil)
        let identities = isIdentified ? try inputs.identities(of: partitions) : part?.files ?? []
        if part == nil, let index { try index.0.check(identities, name: index.name) }
        try GalaxyChoices(sections, inputs.layout, format: format).report(to: events)
        let identity = WeightsIdentity(name: weights, sha256: sha256 ?? "")
        let maker = Maker(model)
        var choices = RunChoices.made(partitions, inputs.layout, with: network)
        choices["calibration"] = calibration?.name
        let rank = part.map { RankRecorder.Rank(part: $0, weights: identity, choices: choices, maker: maker) }
        let (earlier, wasComplete) = try earlierRows(
            sections, rank: rank,
            RunIdentity(
                identities, first: part?.rows.lowerBound ?? 0, count: sections.galaxyCount,
                start: part?.start ?? 0, weights: identity, settings: partial?.settings ?? [:],
                maker: maker),
            weightsETag: file.etag, events)
        let checked = clock.now
        for section in sections {
            events.detail(
                "input: \(section.partition.source): \(Numbers.counted(section.count, "galaxy", "galaxies")) of "
                    + Numbers.grouped(section.partition.count))
        }
        for (name, choice) in choices.sorted(by: { $0.key < $1.key }) { events.detail("\(name): \(choice)") }
        let profile = isProfiled ? Profile() : nil
        var predictions = try predict(sections, by: model, earlier: earlier, profile: profile, events)
        (predictions.calibration, predictions.bands) = (calibration?.0, inputs.layout.bandNames)
        predictions.writesMagnitudes = writesMagnitudes
        let (predicted, spectroscopic, unknown) = try predictions.knownRedshifts()
        return Outcome(
            predictions: predictions,
            quality: try? Quality(predicted: predicted, spectroscopic: spectroscopic), unknownRedshifts: unknown,
            medianError: PlausibleRedshifts.medianError(predicted: predicted, spectroscopic: spectroscopic),
            loadSeconds: (loaded - start) / .seconds(1), checkSeconds: (checked - loaded) / .seconds(1),
            instructionSet: model.instructionSet, arithmetic: model.arithmetic, weightsSHA256: sha256,
            profile: profile, part: part,
            wasComplete: wasComplete, choices: choices, rank: rank,
            made: isRecorded ? Made(identities: identities, weights: identity, maker: maker) : nil)
    }

    /// Checks that the inputs have the magnitudes that rows need, before galaxies are run.
    private func checkMagnitudes(of partitions: [PartitionReader], bands: String) throws(Failure) {
        let band = calibration?.0.by.band
        if let band, let (calibration, name) = calibration, !bands.contains(band) {
            throw Failure(
                name,
                "has bins of \(calibration.by.column): expected one of the network's bands, \(NetworkBands.list(bands))"
            )
        }
        guard writesMagnitudes || band != nil else { return }
        for partition in partitions { _ = try partition.magnitudes(0..<1, of: bands) }
    }

    /// The rows that an earlier run has left: in the journal, else in a rank's complete output.
    private func earlierRows(
        _ sections: [GalaxyRun.Section], rank: RankRecorder.Rank?, _ identity: RunIdentity, weightsETag: String?,
        _ events: some JobEvents
    ) throws(Failure) -> (PredictionJournal.Earlier?, wasComplete: Bool) {
        guard let partial else { return (nil, false) }
        if let earlier = try partial.begin(identity, sections: sections, events) { return (earlier, false) }
        guard partial.isResumed, let rank, let record else { return (nil, false) }
        let whole = try record.finished(rank, sections: sections, weightsETag: weightsETag, events)
        return (whole, whole != nil)
    }

    private func predict(
        _ sections: [GalaxyRun.Section], by model: RedshiftModel, earlier: PredictionJournal.Earlier?,
        profile: Profile?,
        _ events: some JobEvents
    ) throws(Failure) -> Predictions {
        let (count, before) = (sections.galaxyCount, earlier?.finished.count ?? 0)
        status.set(done: before, of: count)
        events.progress(Progress(done: before, total: count, before: before))
        do throws(Failure) {
            defer { events.progressEnded() }
            let predictions = try BatchRunner(model: model, threads: settings.threads, batchSize: settings.batchSize)
                .run(
                    sections, journal: partial?.journal, earlier: earlier, isStrict: settings.isStrict, profile: profile
                ) { progress in
                    status.set(done: progress.done, of: count)
                    events.progress(progress)
                }
            status.set(done: count, of: count)
            return predictions
        } catch {
            if let finished = partial?.journal.finished, finished.count > 0 {
                events.warning("not done: \(PartialRun.rest(sections, without: finished))")
            }
            throw error
        }
    }

    private func write(_ outcome: Outcome) throws(Failure) {
        guard let output else { return }
        var written: RankSidecar.Output?
        try output.write { path throws(Failure) in
            try PredictionWriter.write(
                outcome.predictions, to: path, format: format,
                provenance: outcome.weightsSHA256.map {
                    Provenance(
                        creator: "cai \(Release.version)", weights: weights, weightsSHA256: $0, command: command,
                        instructionSet: outcome.instructionSet.rawValue,
                        arithmetic: outcome.arithmetic.description, choices: outcome.choices)
                })
            if outcome.made != nil { written = try RankSidecar.Output(at: path, of: output.name) }
        }
        guard let made = outcome.made, let written else { return }
        if let record, let rank = outcome.rank { try record.write(rank, written) }
        try runRecord?.write(
            RunRecord(
                galaxies: outcome.predictions.run.count, inputs: InputsIdentity(made.identities),
                written: InputsIdentity.written(made.identities), weights: made.weights, settings: rowOptions,
                choices: outcome.choices, maker: made.maker, output: written
            ).json)
    }
}
