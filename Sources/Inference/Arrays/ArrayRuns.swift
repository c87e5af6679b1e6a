import AstroMAE
import Platform
import TensorFiles

/// Galaxies in the caller's memory.
public struct GalaxyArrays: Sendable {
    /// [N, bands, rows, columns], or [N, rows, columns, bands] with `channels_last`.
    let images: TensorView
    /// [N, bands]; nil for a network without magnitudes.
    let magnitudes: TensorView?

    /// - Throws: `Failure` where the arrays are not of one number of galaxies.
    public init(images: TensorView, magnitudes: TensorView? = nil) throws(Failure) {
        guard images.shape.count == 4 else {
            throw Failure(images.source.name, "images: expected an array of 4 axes, found shape \(images.shape)")
        }
        if let magnitudes, magnitudes.shape.count != 2 || magnitudes.rows != images.rows {
            throw Failure(
                images.source.name,
                "magnitudes: expected shape [\(images.rows), bands] for \(images.rows) images, found \(magnitudes.shape)"
            )
        }
        (self.images, self.magnitudes) = (images, magnitudes)
    }

    public var count: Int { images.rows }

    /// The galaxies as the only file of a run; empty without any.
    func sections(for network: some CutoutNetwork, _ options: CallOptions) throws(Failure) -> [GalaxyRun.Section] {
        guard count > 0 else { return [] }
        if network.requiredMagnitudes != nil, magnitudes == nil {
            throw Failure(images.source.name, "magnitudes: expected them for this network, found none")
        }
        let file = TensorFile(name: images.source.name, arrays: [images, magnitudes].compactMap(\.self))
        let partition = try PartitionReader(
            file, source: "", label: "", imageShape: network.imageShape, magnitudeCount: network.requiredMagnitudes,
            layout: try options.layout().resolved(for: network.statedBands))
        return GalaxyRun.sections(of: [partition], limit: nil)
    }
}

extension ArrayModel {
    /// The options of `predict`; the other calls have more.
    public static let runKeys: Set<CallOptions.CodingKeys> = [.threads, .batchSize, .bands, .missing, .channelsLast]
    public static let embedKeys = runKeys.union([.layer])
    public static let maskKeys = runKeys.union([.maskRatio, .seed, .passes, .firstGalaxy])

    /// - Returns: redshifts [N], NaN exactly where flags [N] are not empty: the bits of `cai infer`.
    /// - Throws: `Failure` for a masked autoencoder, and for arrays that do not fit the network.
    public func predict(
        _ galaxies: GalaxyArrays, _ options: CallOptions
    ) throws(Failure) -> (redshifts: [Float], flags: [PredictionFlags]) {
        guard case .redshift(let model) = network else {
            throw Failure(weights, "is a masked autoencoder, expected a redshift network")
        }
        let sections = try galaxies.sections(for: model, options)
        let predictions = try BatchRunner(
            model: model, threads: options.threads ?? Processors.available,
            batchSize: options.batchSize ?? BatchRunner.defaultBatchSize, pinsThreads: false
        ).run(sections)
        return (predictions.redshifts, predictions.flags)
    }

    /// Writes features [N, width], or [N, tokens, width] of the layer `tokens`; NaN for a galaxy that has none: the bits of
    /// `cai embed`.
    public func embed(_ galaxies: GalaxyArrays, into features: CallerRows, _ options: CallOptions) throws(Failure) {
        let layer = try options.choice(options.layer, .layer, FeatureLayer.self) ?? .pooled
        let threads = options.threads ?? Processors.available
        let encoder = try encoder(layer, threads: threads)
        let sections = try galaxies.sections(for: encoder, options)
        let features = try features.rows(galaxies.count, of: encoder.featureCount)
        let task = FeatureTask(encoder, of: sections, into: features, isStrict: false)
        _ = try GalaxyRunner(
            gemm: encoder.gemm, threads: threads, batchSize: options.batchSize ?? BatchRunner.defaultBatchSize,
            pinsThreads: false
        ).run(task, over: sections)
    }

    /// The arrays of `reconstruct`.
    public struct Reconstruction: Sendable {
        let predictions, mask, losses, noise: CallerRows

        /// - Parameters:
        ///   - predictions: [N, passes, patches, patchCount]
        ///   - mask, noise: [N, passes, patches]
        ///   - losses: [N, passes]
        public init(predictions: CallerRows, mask: CallerRows, losses: CallerRows, noise: CallerRows) {
            (self.predictions, self.mask, self.losses, self.noise) = (predictions, mask, losses, noise)
        }
    }

    /// Writes masks and reconstructions: the bits of `cai reconstruct`.
    /// - Throws: `Failure` for a redshift network, and for arrays that do not fit the network.
    public func reconstruct(
        _ galaxies: GalaxyArrays, into arrays: Reconstruction, _ options: CallOptions
    ) throws(Failure) {
        let (model, plan) = try masks(options)
        let sections = try galaxies.sections(for: model, options)
        let (count, patches) = (galaxies.count, plan.passes * model.config.patches)
        let arrays = Reconstruction(
            predictions: try arrays.predictions.rows(count, of: patches * model.config.patchCount),
            mask: try arrays.mask.rows(count, of: patches), losses: try arrays.losses.rows(count, of: plan.passes),
            noise: try arrays.noise.rows(count, of: patches))
        let task = ReconstructionTask(model: model, plan: plan, sections: sections, sink: ArraySink(arrays: arrays))
        _ = try runner(model, options).run(task, over: sections)
    }

    /// The errors of reconstructions, from which anomalies are scored: see `AnomalyScores`.
    public func patchErrors(_ galaxies: GalaxyArrays, _ options: CallOptions) throws(Failure) -> PatchErrors {
        let (model, plan) = try masks(options, passes: 4)
        if let needed = MaskPlan.passesToHideAll(plan.masking), plan.passes < needed {
            throw Failure(
                "passes: expected at least \(needed), to hide each of \(plan.masking.patches) patches once, found "
                    + "\(plan.passes)")
        }
        return try PatchErrors.measure(
            galaxies.sections(for: model, options), model: model, plan: plan, runner: runner(model, options))
    }

    private func runner(_ model: MaskedAutoencoder, _ options: CallOptions) -> GalaxyRunner {
        GalaxyRunner(
            gemm: model.gemm, threads: options.threads ?? Processors.available,
            batchSize: options.batchSize ?? MaskPlan.defaultBatchSize, pinsThreads: false)
    }

    /// - Parameter passes: where none are given.
    private func masks(
        _ options: CallOptions, passes: Int = 1
    ) throws(Failure) -> (model: MaskedAutoencoder, plan: MaskPlan) {
        guard case .autoencoder(let model) = network else {
            throw Failure(weights, "is a redshift network, expected a masked autoencoder")
        }
        guard precision == .float32 else {
            throw Failure(weights, "precision: expected float32 for reconstructions, found \(precision.rawValue)")
        }
        let ratio = options.maskRatio ?? MaskPlan.defaultRatio
        let masking = try model.masking(ratio: ratio)
        guard masking.masked > 0 else {
            throw Failure(weights, "a mask ratio of \(ratio) hides none of \(masking.patches) patches")
        }
        let noise = MaskNoise(seed: options.seed ?? 0, patches: masking.patches, before: options.firstGalaxy ?? 0)
        return (model, MaskPlan(masking: masking, noise: noise, passes: options.passes ?? passes))
    }
}

/// Writes reconstructions into the caller's arrays.
private struct ArraySink: ReconstructionSink {
    let arrays: ArrayModel.Reconstruction

    func take(_ batch: borrowing ReconstructedBatch, images: Span<Float>) throws(Failure) {
        let (place, count) = (batch.place, batch.count)
        try arrays.predictions.write(ReconstructedBatch.interleaved(batch.predictions, count).span, at: place)
        try arrays.mask.write(ReconstructedBatch.interleaved(batch.masks, count).span, at: place)
        try arrays.losses.write(ReconstructedBatch.interleaved(batch.losses, count).span, at: place)
        try arrays.noise.write(ReconstructedBatch.interleaved(batch.noise, count).span, at: place)
    }
}
