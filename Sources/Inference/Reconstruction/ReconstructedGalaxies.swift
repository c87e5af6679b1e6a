import AstroMAE
import Platform
import Synchronization

/// A galaxy and its reconstruction, for pictures.
public struct ReconstructedGalaxy: Sendable {
    /// [bands, size, size]
    public let image: [Float]
    /// [bands, size, size]: each patch as predicted while hidden, the mean over those passes; the original where it was
    /// never hidden.
    public let reconstruction: [Float]
    /// [patches]: whether the first pass hid it.
    public let isHidden: [Bool]
    /// [patches]: whether any pass hid it, so that it was predicted.
    public let isReconstructed: [Bool]
    /// [bands]: `PixelNoise`.
    public let noise: [Float]
}

extension ReconstructedGalaxy {
    /// Reconstructs some galaxies of a run again, with the same bits: results do not depend on the batch.
    /// - Parameter places: indices among all galaxies of the run.
    public static func galaxies(
        at places: [Int], of run: GalaxyRun, model: MaskedAutoencoder, plan: MaskPlan
    ) throws(Failure) -> [ReconstructedGalaxy] {
        let sections = GalaxySections(run.sections)
        let sink = GalaxySink(model.config)
        let task = ReconstructionTask(model: model, plan: plan, sections: run.sections, sink: sink)
        let worker = try task.makeWorker(capacity: 1, profile: nil)
        var galaxies: [ReconstructedGalaxy] = []
        var buffer: [Float] = []
        for place in places {
            let partition = run.sections[sections.section(of: place)].partition
            let rows = sections.rows(at: place, count: 1)
            let galaxy = try partition.withImages(rows, buffer: &buffer) { image throws(Failure) in
                try worker.run(images: image, magnitudes: Span(), count: 1, at: place)
                return sink.last
            }
            if let galaxy { galaxies.append(galaxy) }
        }
        for section in run.sections { section.partition.release() }
        return galaxies
    }
}

/// Keeps the last galaxy.
private final class GalaxySink: ReconstructionSink {
    private let config: AutoencoderConfig
    private let pixels: [Int]
    private let held = Mutex<ReconstructedGalaxy?>(nil)

    init(_ config: AutoencoderConfig) {
        self.config = config
        pixels = config.pixelOffsets
    }

    var last: ReconstructedGalaxy? { held.withLock { $0 } }

    func take(_ batch: borrowing ReconstructedBatch, images: Span<Float>) throws(Failure) {
        let image = images.indices.map { images[$0] }
        var reconstruction = image
        var isReconstructed = [Bool](repeating: false, count: config.patches)
        for patch in 0..<config.patches {
            let passes = batch.masks.indices.filter { batch.masks[$0][patch] != 0 }
            guard !passes.isEmpty else { continue }
            isReconstructed[patch] = true
            for place in patch * config.patchCount..<(patch + 1) * config.patchCount {
                let sum = passes.reduce(0.0) { $0 + Double(batch.predictions[$1][place]) }
                reconstruction[pixels[place]] = Float(sum / Double(passes.count))
            }
        }
        let isHidden = (batch.masks.first ?? []).map { $0 != 0 }
        let noise = PixelNoise.sigmas(images, bands: config.encoder.bands, side: config.encoder.imageSize)
        held.withLock {
            $0 = ReconstructedGalaxy(
                image: image, reconstruction: reconstruction, isHidden: isHidden, isReconstructed: isReconstructed,
                noise: noise)
        }
    }
}
