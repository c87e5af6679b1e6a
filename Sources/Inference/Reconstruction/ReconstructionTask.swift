import AstroMAE
import Platform

/// How galaxies are masked: how many patches, by which noise, and how often.
public struct MaskPlan: Sendable {
    public let masking: Masking
    public let noise: MaskNoise
    /// How often each galaxy is masked and reconstructed.
    public let passes: Int

    /// The usual share of patches that are hidden, and number of galaxies in a micro-batch.
    public static let defaultRatio = 0.75
    public static let defaultBatchSize = 64

    /// - Parameter passes: at least 1.
    public init(masking: Masking, noise: MaskNoise, passes: Int) {
        self.masking = masking
        self.noise = noise
        self.passes = max(1, passes)
    }

    /// The number of passes after which every patch was hidden once; nil where no patch ever is.
    public static func passesToHideAll(_ masking: Masking) -> Int? {
        masking.masked > 0 ? (masking.patches + masking.masked - 1) / masking.masked : nil
    }
}

/// A batch of reconstructed galaxies.
struct ReconstructedBatch {
    /// The index of the first among all galaxies.
    private(set) var place: Int
    private(set) var count: Int
    /// For each pass: [count, patches], [count, patches, patchCount], [count, patches], [count].
    var noise: [[Float]]
    var predictions: [[Float]]
    var masks: [[Float]]
    var losses: [[Float]]
    /// [count]: where a galaxy has flags, its predictions and losses are NaN.
    var flags: [PredictionFlags]

    static var none: ReconstructedBatch {
        ReconstructedBatch(place: 0, count: 0, noise: [], predictions: [], masks: [], losses: [], flags: [])
    }

    /// Resizes the arrays for `count` galaxies.
    mutating func prepare(count: Int, place: Int, passes: Int, config: AutoencoderConfig) {
        self.place = place
        guard self.count != count || losses.count != passes else { return }
        func room(_ floats: Int) -> [[Float]] { (0..<passes).map { _ in [Float](repeating: 0, count: count * floats) } }
        self.count = count
        (noise, predictions) = (room(0), room(config.patches * config.patchCount))
        (masks, losses) = (room(config.patches), room(1))
        flags = [PredictionFlags](repeating: [], count: count)
    }
}

/// The destination of reconstructed galaxies. Called by many threads at once, in any order of batches.
protocol ReconstructionSink: Sendable {
    /// - Parameter images: [count, bands, size, size]
    func take(_ batch: borrowing ReconstructedBatch, images: Span<Float>) throws(Failure)
}

/// Reconstructs every galaxy in each pass of the plan.
struct ReconstructionTask<Sink: ReconstructionSink>: GalaxyTask {
    let model: MaskedAutoencoder
    let plan: MaskPlan
    let sink: Sink
    /// The counts of flags, complete after the run.
    let flagged: FlaggedGalaxies

    /// - Parameter isStrict: whether a galaxy that gets flags ends the run.
    init(model: MaskedAutoencoder, plan: MaskPlan, sections: [GalaxyRun.Section], sink: Sink, isStrict: Bool = false) {
        (self.model, self.plan, self.sink) = (model, plan, sink)
        flagged = FlaggedGalaxies(sections, result: Reconstructions.result, isStrict: isStrict)
    }

    func makeWorker(capacity: Int, profile: Profile?) throws(Failure) -> ReconstructionWorker<Sink> {
        ReconstructionWorker(self, try AutoencoderWorkspace(for: model, masking: plan.masking, profile: profile))
    }
}

/// The worker of one thread.
final class ReconstructionWorker<Sink: ReconstructionSink>: GalaxyWorker {
    private let task: ReconstructionTask<Sink>
    private var workspace: AutoencoderWorkspace
    /// Memory for the next batch, reused from the last one.
    private var room = ReconstructedBatch.none

    init(_ task: ReconstructionTask<Sink>, _ workspace: consuming AutoencoderWorkspace) {
        self.task = task
        self.workspace = workspace
    }

    func run(images: Span<Float>, magnitudes: Span<Float>, count: Int, at place: Int) throws(Failure) {
        let (plan, config) = (task.plan, task.model.config)
        let noise = try plan.noise.values(
            galaxies: place..<place + count, passes: plan.passes, masked: plan.masking.masked)
        var batch = ReconstructedBatch.none
        swap(&batch, &room)
        batch.prepare(count: count, place: place, passes: plan.passes, config: config)
        for pass in 0..<plan.passes {
            let size = count * config.patches
            batch.noise[pass] = Array(noise[pass * size..<(pass + 1) * size])
            reconstruct(
                images, noise: batch.noise[pass], into: &batch.predictions[pass], mask: &batch.masks[pass],
                losses: &batch.losses[pass])
        }
        try flag(&batch, images)
        try task.sink.take(batch, images: images)
        swap(&batch, &room)
    }

    /// Flags galaxies and sets their predictions and losses to NaN: a network reconstructs something for an empty
    /// image, too. Masks and noise stay.
    private func flag(_ batch: inout ReconstructedBatch, _ images: Span<Float>) throws(Failure) {
        let (pixels, size) = (
            images.count / max(1, batch.count), task.model.config.patches * task.model.config.patchCount
        )
        for galaxy in 0..<batch.count {
            let own = galaxy * size..<(galaxy + 1) * size
            let image = images.extracting(galaxy * pixels..<(galaxy + 1) * pixels)
            task.flagged.countBlankBands(of: image)
            var flags = PredictionFlags(image: image, magnitudes: Span())
            for pass in batch.losses.indices where flags.isEmpty {
                let predictions = batch.predictions[pass]
                let areFinite = PredictionFlags.areFinite(predictions.span.extracting(own))
                if !areFinite || !batch.losses[pass][galaxy].isFinite { flags = .resultNotFinite }
            }
            batch.flags[galaxy] = flags
            guard !flags.isEmpty else { continue }
            try task.flagged.insert(flags, at: batch.place + galaxy)
            for pass in batch.losses.indices {
                batch.predictions[pass].replaceSubrange(own, with: repeatElement(.nan, count: size))
                batch.losses[pass][galaxy] = .nan
            }
        }
    }

    private func reconstruct(
        _ images: Span<Float>, noise: [Float], into predictions: inout [Float], mask: inout [Float],
        losses: inout [Float]
    ) {
        var predictions = predictions.mutableSpan
        var mask = mask.mutableSpan
        var losses = losses.mutableSpan
        task.model.reconstruct(
            images: images, noise: noise.span, into: &predictions, mask: &mask, losses: &losses, workspace: &workspace)
    }
}
