import AstroMAE
import Cloud
import Inference
import Platform

/// A masked autoencoder and galaxies for it: reconstructs them, or measures the errors of their reconstructions.
public struct AutoencoderJob: Sendable {
    /// A path or an `s3://` URL.
    public var weights: String { located.path }
    private let located: WeightsLocator.Located
    private let inputs: GalaxyInputs
    private let store: (any ObjectStore)?
    private let maskRatio: Double
    private let settings: RunSettings

    /// The usual batch size of masked galaxies.
    public static let defaultBatchSize = MaskPlan.defaultBatchSize

    /// - Parameters:
    ///   - store: has the weights, if they are an object.
    ///   - maskRatio: the share of patches that are hidden.
    public init(
        weights: WeightsLocator.Located, inputs: GalaxyInputs,
        store: (any ObjectStore)? = nil, maskRatio: Double = MaskPlan.defaultRatio,
        settings: RunSettings = RunSettings(batchSize: defaultBatchSize)
    ) {
        (located, self.inputs, self.store) = (weights, inputs, store)
        (self.maskRatio, self.settings) = (maskRatio, settings)
    }

    /// Loads the network, and checks the headers of all inputs.
    /// - Throws: `Failure` for weights of another network, a mask ratio that hides no patch, and invalid inputs.
    public func open(_ events: some JobEvents = NoEvents()) throws(Failure) -> Opened {
        let model = try located.naming { () throws(Failure) in
            try WeightsFile(weights, store: store).load(threads: settings.threads) {
                (file, parallel) throws(Failure) in
                try MaskedAutoencoder(
                    weights: file, network: settings.network, numHeads: settings.numHeads,
                    decoderHeads: settings.decoderHeads, on: parallel)
            }.network
        }
        model.warnings.forEach(events.warning)
        let masking = try model.masking(ratio: maskRatio)
        guard masking.masked > 0 else {
            throw Failure(weights, "a mask ratio of \(maskRatio) hides none of \(masking.patches) patches")
        }
        let inputs = try inputs.resolved(for: model)
        let partitions = try inputs.partitions(for: model, limit: settings.limit)
        let sections = GalaxyRun.sections(of: partitions, limit: settings.limit)
        try GalaxyChoices(sections, inputs.layout).report(to: events)
        return Opened(
            weights: weights, model: model, masking: masking, bandLetters: inputs.layout.bandNames, sections: sections,
            settings: settings)
    }

    /// The loaded network, and the galaxies of checked files.
    public struct Opened: Sendable {
        public let weights: String
        public let model: MaskedAutoencoder
        public let masking: Masking
        /// The bands of the galaxies' layout, which are the network's where there are as many.
        public let bandLetters: String
        let sections: [GalaxyRun.Section]
        let settings: RunSettings

        /// Galaxies that are run.
        public var count: Int { sections.galaxyCount }
        private var runner: GalaxyRunner {
            GalaxyRunner(gemm: model.gemm, threads: settings.threads, batchSize: settings.batchSize)
        }

        /// Which patches are hidden in each pass, from a seed.
        public func plan(seed: UInt64, passes: Int) -> MaskPlan {
            MaskPlan(masking: masking, noise: MaskNoise(seed: seed, patches: masking.patches), passes: passes)
        }

        /// Writes the reconstructions of all galaxies to an .npz file.
        /// - Parameter keepingLosses: whether the result has each galaxy's loss.
        public func reconstruct(
            _ plan: MaskPlan, to path: String, keepingLosses: Bool, _ events: some JobEvents = NoEvents()
        ) throws(Failure) -> Reconstructions {
            events.progress(Progress(done: 0, total: count))
            defer { events.progressEnded() }
            return try ReconstructionWriter(model: model, plan: plan, runner: runner).write(
                sections, to: path, keepingLosses: keepingLosses, isStrict: settings.isStrict,
                progress: events.progress)
        }

        /// Reconstructs all galaxies, and keeps the errors of each patch.
        /// - Throws: `Failure` where so many passes do not hide every patch.
        public func measureErrors(
            _ plan: MaskPlan, _ events: some JobEvents = NoEvents()
        ) throws(Failure) -> PatchErrors {
            if let needed = MaskPlan.passesToHideAll(masking), plan.passes < needed {
                throw Failure(
                    weights,
                    "\(plan.passes == 1 ? "1 pass hides" : "\(plan.passes) passes hide") \(masking.masked) of "
                        + "\(masking.patches) patches each: expected at least \(needed), to hide every patch once")
            }
            events.progress(Progress(done: 0, total: count))
            defer { events.progressEnded() }
            return try PatchErrors.measure(
                sections, model: model, plan: plan, runner: runner, isStrict: settings.isStrict,
                progress: events.progress)
        }
    }
}
