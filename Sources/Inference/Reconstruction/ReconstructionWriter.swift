import AstroMAE
import Platform
import Synchronization
import TensorFiles

/// Reconstructs galaxies into an `.npz`: `pred` [N, patches, patchCount], `mask` [N, patches], `loss` [N], `noise`
/// [N, patches], float32. With several passes, all have a second axis for the passes.
///
/// Memory does not grow with N, except for the losses, where they are kept.
public struct ReconstructionWriter: Sendable {
    private let model: MaskedAutoencoder
    private let plan: MaskPlan
    private let runner: GalaxyRunner

    public init(model: MaskedAutoencoder, plan: MaskPlan, runner: GalaxyRunner) {
        self.model = model
        self.plan = plan
        self.runner = runner
    }

    /// - Parameters:
    ///   - keepingLosses: whether the outcome has each galaxy's loss.
    ///   - isStrict: whether a galaxy that gets flags is an error.
    /// - Throws: as `GalaxyRunner.run`, and where the file cannot be written; then no file is left.
    public func write(
        _ sections: [GalaxyRun.Section], to path: String, keepingLosses: Bool,
        isStrict: Bool = false, progress: (Progress) -> Void = { _ in }
    ) throws(Failure) -> Reconstructions {
        let count = sections.galaxyCount
        let passes = plan.passes > 1 ? [plan.passes] : []
        let config = model.config
        let archive = try NumPyArchiveWriter(
            path: path, rows: count,
            members: [
                .float32("pred", passes + [config.patches, config.patchCount]),
                .float32("mask", passes + [config.patches]), .float32("loss", passes),
                .float32("noise", passes + [config.patches]),
            ])
        do throws(Failure) {
            let sink = ArchiveSink(archive: archive, galaxies: count, isKeeping: keepingLosses)
            let task = ReconstructionTask(model: model, plan: plan, sections: sections, sink: sink, isStrict: isStrict)
            let run = try runner.run(task, over: sections, progress: progress)
            try archive.finish()
            return Reconstructions(run: run, meanLoss: sink.meanLoss, losses: sink.losses, flags: task.flagged.counts)
        } catch {
            archive.abandon()
            throw error
        }
    }
}

/// The results of a run of reconstructions beside its file.
public struct Reconstructions: Sendable {
    public let run: GalaxyRun
    /// The reference's loss over all galaxies and passes; losses that are not finite are left out. NaN where all are
    /// left out.
    public let meanLoss: Double
    /// [N]: each galaxy's loss, the mean over its passes; empty where losses are not kept.
    public let losses: [Float]
    /// Galaxies with flags, whose reconstruction and loss are NaN.
    public let flags: FlagCounts

    /// The name of the result in errors and summaries.
    public static let result = "reconstruction"
}

/// Writes batches into the archive.
private struct ArchiveSink: ReconstructionSink {
    private struct Held {
        var losses: [Float]
        /// By the index of each batch's first galaxy: summed in that order, independent of timing.
        var sums: [Int: (sum: Double, count: Int)] = [:]
    }

    private let archive: NumPyArchiveWriter
    private let isKeeping: Bool
    private let held: Box

    private final class Box: Sendable {
        let held: Mutex<Held>

        init(_ galaxies: Int) { held = Mutex(Held(losses: [Float](repeating: .nan, count: galaxies))) }
    }

    init(archive: NumPyArchiveWriter, galaxies: Int, isKeeping: Bool) {
        self.archive = archive
        self.isKeeping = isKeeping
        held = Box(isKeeping ? galaxies : 0)
    }

    var losses: [Float] { held.held.withLock { $0.losses } }

    var meanLoss: Double {
        held.held.withLock { held in
            let all = held.sums.sorted { $0.key < $1.key }.map(\.value)
            let (sum, count) = all.reduce((0.0, 0)) { ($0.0 + $1.sum, $0.1 + $1.count) }
            return sum / Double(count)
        }
    }

    func take(_ batch: borrowing ReconstructedBatch, images: Span<Float>) throws(Failure) {
        let place = batch.place
        try archive.write(0, at: place, ReconstructedBatch.interleaved(batch.predictions, batch.count).span)
        try archive.write(1, at: place, ReconstructedBatch.interleaved(batch.masks, batch.count).span)
        try archive.write(2, at: place, ReconstructedBatch.interleaved(batch.losses, batch.count).span)
        try archive.write(3, at: place, ReconstructedBatch.interleaved(batch.noise, batch.count).span)
        let finite = batch.losses.joined().filter { $0.isFinite }
        let sum = finite.reduce(0.0) { $0 + Double($1) }
        let means = isKeeping ? batch.meanLosses : []
        held.held.withLock { held in
            held.sums[place] = (sum, finite.count)
            for (index, mean) in means.enumerated() { held.losses[place + index] = mean }
        }
    }
}

extension ReconstructedBatch {
    /// [passes][count, floats] as [count, passes, floats].
    static func interleaved(_ parts: [[Float]], _ count: Int) -> [Float] {
        guard parts.count > 1, let first = parts.first else { return parts.first ?? [] }
        let floats = first.count / count
        var all: [Float] = []
        all.reserveCapacity(parts.count * first.count)
        for galaxy in 0..<count {
            for part in parts { all += part[galaxy * floats..<(galaxy + 1) * floats] }
        }
        return all
    }

    /// [count]: each galaxy's loss, the mean over the passes.
    var meanLosses: [Float] {
        (0..<count).map { galaxy in
            Float(losses.reduce(0.0) { $0 + Double($1[galaxy]) } / Double(losses.count))
        }
    }
}
