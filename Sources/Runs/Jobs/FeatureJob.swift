import AstroMAE
import Cloud
import Inference
import Platform
import TensorFiles

/// Writes the features of galaxies: one row for each, as a NumPy array, with the ids of the rows beside it.
public struct FeatureJob: Sendable {
    private let weights: String
    private let inputs: GalaxyInputs
    private let store: (any ObjectStore)?
    private let layer: FeatureLayer
    private let element: NumPyRows.Element
    private let settings: RunSettings
    private let output: OutputFile
    private let ids: OutputFile

    /// A job's result.
    public struct Outcome: Sendable {
        public let encoder: FeatureEncoder
        public let run: GalaxyRun
        /// Galaxies whose features are NaN.
        public let flags: FlagCounts
    }

    /// - Parameters:
    ///   - weights: a checkpoint of either network, as a path or an `s3://` URL.
    ///   - store: has the weights, if they are an object.
    ///   - element: the type of the features.
    ///   - output: an .npy file of the layer's shape after the number of galaxies.
    ///   - ids: a .csv file of object_id, source and row.
    /// - Throws: `Failure` where an output cannot be written, or is one of the inputs.
    public init(
        weights: String, inputs: GalaxyInputs, store: (any ObjectStore)? = nil, layer: FeatureLayer = .pooled,
        element: NumPyRows.Element = .float32, output: OutputFile, ids: OutputFile,
        settings: RunSettings = RunSettings()
    ) throws(Failure) {
        (self.weights, self.inputs, self.store) = (weights, inputs, store)
        (self.layer, self.element, self.settings) = (layer, element, settings)
        (self.output, self.ids) = (output, ids)
        try OutputFile.check([output, ids], sparing: [weights] + inputs.paths)
    }

    /// Computes and writes the features, and the ids before them.
    /// - Throws: `Failure` as `GalaxyRunner.run`, and where a file cannot be written.
    public func run(_ events: some JobEvents = NoEvents()) throws(Failure) -> Outcome {
        let encoder = try WeightsFile(weights, store: store).load(threads: settings.threads) {
            (file, parallel) throws(Failure) in
            try FeatureEncoder(
                weights: file, network: settings.network, layer: layer, numHeads: settings.numHeads,
                decoderHeads: settings.decoderHeads, precision: settings.precision, on: parallel)
        }.network
        encoder.warnings.forEach(events.warning)
        if let notice = encoder.precisionNotice { events.notice(notice) }
        let inputs = try inputs.resolved(for: encoder)
        let partitions = try inputs.partitions(for: encoder, limit: settings.limit)
        let sections = GalaxyRun.sections(of: partitions, limit: settings.limit)
        try GalaxyChoices(sections, inputs.layout).report(to: events)
        return try output.write { path throws(Failure) in try write(sections, encoder, to: path, events) }
    }

    private func write(
        _ sections: [GalaxyRun.Section], _ encoder: FeatureEncoder, to path: String, _ events: some JobEvents
    ) throws(Failure) -> Outcome {
        let rows = try NumPyRows(path: path, element: element, rows: sections.galaxyCount, shape: encoder.featureShape)
        do throws(Failure) {
            let task = FeatureTask(encoder, of: sections, into: rows, isStrict: settings.isStrict)
            events.progress(Progress(done: 0, total: sections.galaxyCount))
            defer { events.progressEnded() }
            let run = try GalaxyRunner(
                gemm: encoder.gemm, threads: settings.threads, batchSize: settings.batchSize
            ).run(task, over: sections, progress: events.progress)
            try ids.write { path throws(Failure) in try GalaxyIDWriter.write(run, to: path) }
            try rows.finish()
            return Outcome(encoder: encoder, run: run, flags: task.flags)
        } catch {
            rows.abandon()
            throw error
        }
    }
}
