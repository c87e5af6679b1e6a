import AstroMAE
import Synchronization
import TensorFiles

/// Predicts redshifts on several threads: `GalaxyRunner` with a redshift network. Only the redshifts are held for all
/// galaxies.
public struct BatchRunner: Sendable {
    /// As many galaxies as the network passes through its heads together: their weights are then read once for all.
    public static let defaultBatchSize = 128

    private let model: RedshiftModel
    private let runner: GalaxyRunner
    /// The most threads to use, and the most galaxies of one micro-batch: see `GalaxyRunner`.
    public var threads: Int { runner.threads }
    public var batchSize: Int { runner.batchSize }

    /// - Parameters threads, batchSize: at least 1; smaller values count as 1.
    public init(model: RedshiftModel, threads: Int = Processors.available, batchSize: Int = defaultBatchSize) {
        self.model = model
        runner = GalaxyRunner(gemm: model.gemm, threads: threads, batchSize: batchSize)
    }

    /// The redshifts of the first `limit` galaxies (all, if nil) of the partitions in their order: see
    /// `GalaxyRunner.run`.
    public func run(
        _ partitions: [PartitionReader], limit: Int? = nil, profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(InferenceError) -> Predictions {
        try run(partitions, galaxies: 0..<(limit ?? Int.max), profile: profile, until: deadline, progress: progress)
    }

    /// The same for some of the galaxies, counted from the first of all partitions.
    public func run(
        _ partitions: [PartitionReader], galaxies: Range<Int>, profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(InferenceError) -> Predictions {
        let task = PredictionTask(model: model, galaxies: GalaxyRun.count(of: partitions, galaxies: galaxies))
        let run = try runner.run(
            task, over: partitions, galaxies: galaxies, profile: profile, until: deadline, progress: progress)
        return Predictions(run: run, redshifts: task.redshifts.values)
    }
}

/// A redshift for each galaxy.
private struct PredictionTask: GalaxyTask {
    let model: RedshiftModel
    let redshifts: Redshifts

    /// What the workers write to.
    final class Redshifts: Sendable {
        private let held: Mutex<[Float]>

        init(count: Int) { held = Mutex([Float](repeating: .nan, count: count)) }

        var values: [Float] { held.withLock { $0 } }

        func put(_ values: Span<Float>, at place: Int) {
            held.withLock { held in
                for index in values.indices { held[place + index] = values[index] }
            }
        }
    }

    init(model: RedshiftModel, galaxies: Int) {
        self.model = model
        redshifts = Redshifts(count: galaxies)
    }

    func makeWorker(capacity: Int, profile: Profile?) -> Worker {
        Worker(model, redshifts, Workspace(for: model, capacity: capacity, profile: profile))
    }

    final class Worker: GalaxyWorker {
        private let model: RedshiftModel
        private let redshifts: Redshifts
        private var workspace: Workspace

        init(_ model: RedshiftModel, _ redshifts: Redshifts, _ workspace: consuming Workspace) {
            (self.model, self.redshifts) = (model, redshifts)
            self.workspace = workspace
        }

        func run(images: Span<Float>, magnitudes: Span<Float>, count: Int, at place: Int) {
            var part = [Float](repeating: 0, count: count)
            do {
                var span = part.mutableSpan
                model.predict(images: images, magnitudes: magnitudes, into: &span, workspace: &workspace)
            }
            redshifts.put(part.span, at: place)
        }
    }
}
