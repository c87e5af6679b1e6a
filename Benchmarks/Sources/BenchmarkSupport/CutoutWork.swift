import AstroMAE
import Inference
import Platform
import Synchronization
import TensorFiles

/// Reconstructions by the masked autoencoder and features of the encoders, run as `cai` runs them.
public struct CutoutWork: Sendable {
    public let name: String
    /// Two for each multiply-add of matrix products, convolutions and attention.
    public let flopsPerGalaxy: Int
    public let count: Int
    /// The instruction set and the back end of the matrix products.
    public var kernels: String { "\(instructionSet.rawValue), \(gemm.rawValue)" }

    private let instructionSet: InstructionSet
    private let gemm: GemmBackend
    private let partitions: [PartitionReader]
    private let limit: Int?
    /// The number of floats of a galaxy's results, and a factory of each thread's function that computes them.
    private let resultCount: Int
    private let makeBody: @Sendable () throws(Failure) -> Body

    /// images and the first galaxy's index -> results
    fileprivate typealias Body = (Span<Float>, Int, inout MutableSpan<Float>) -> Void

    /// Masks and reconstructs cutouts: a galaxy's result is its loss. Galaxy i's noise is `noise(i)`.
    public static func reconstruction(
        weights: String, maskRatio: Double, inputs: [String], limit: Int?
    ) throws -> CutoutWork {
        let model = try MaskedAutoencoder(weights: TensorFile.open(path: weights))
        let masking = try model.masking(ratio: maskRatio)
        return try CutoutWork(
            "reconstruct, \(masking.masked) of \(masking.patches) patches masked", model,
            flops: model.flopsPerGalaxy(masking), results: 1, inputs, limit
        ) { () throws(Failure) in
            let state = try ReconstructionState(model, masking)
            return { images, first, losses in state.run(images, first, &losses) }
        }
    }

    /// Features of either network's encoder.
    public static func features(
        weights: String, layer: FeatureLayer, inputs: [String], limit: Int?
    ) throws -> CutoutWork {
        let encoder = try FeatureEncoder(weights: TensorFile.open(path: weights), layer: layer)
        return try CutoutWork(
            "embed, \(layer.rawValue) of the \(encoder.kind.rawValue)", encoder, flops: encoder.flopsPerGalaxy,
            results: encoder.featureCount, inputs, limit
        ) { () throws(Failure) in
            let state = try FeatureState(encoder)
            return { images, _, features in state.run(images, &features) }
        }
    }

    private init(
        _ name: String, _ network: some CutoutNetwork, flops: Int, results: Int, _ inputs: [String], _ limit: Int?,
        _ makeBody: @escaping @Sendable () throws(Failure) -> Body
    ) throws {
        (self.name, flopsPerGalaxy, resultCount, self.makeBody) = (name, flops, results, makeBody)
        (instructionSet, gemm) = (network.instructionSet, network.gemm)
        partitions = try InputList.expand(inputs).map { try PartitionReader($0, for: network) }
        self.limit = limit
        count = GalaxyRun.count(of: partitions, limit: limit)
    }

    /// The maximum operations a second of each of `threads` threads while all run.
    public func peak(threads: Int) -> Double { FMAPeak.measure(instructionSet, threads: threads).perThread ?? 0 }

    /// Runs every galaxy once. The seconds are those of `GalaxyRun`.
    public func pass(threads: Int, batchSize: Int) throws -> (results: [Float], seconds: Double) {
        let task = CollectingTask(width: resultCount, count: count, makeBody: makeBody)
        let run = try GalaxyRunner(gemm: gemm, threads: threads, batchSize: batchSize)
            .run(task, over: GalaxyRun.sections(of: partitions, limit: limit))
        return (task.results.values.withLock { $0 }, run.seconds)
    }

    /// Noise computed from the galaxies' indices, reproducible by every engine.
    /// - Returns: the fractional parts of (16 i + p + 1) times the golden ratio, rounded to float32.
    public static func noise(_ galaxies: Range<Int>, patches: Int) -> [Float] {
        (galaxies.lowerBound * patches..<galaxies.upperBound * patches).map {
            let product = Double($0 + 1) * 0.6180339887498949
            return Float(product - product.rounded(.down))
        }
    }
}

/// One thread's autoencoder.
private final class ReconstructionState {
    private let model: MaskedAutoencoder
    private var workspace: AutoencoderWorkspace

    init(_ model: MaskedAutoencoder, _ masking: Masking) throws(Failure) {
        self.model = model
        workspace = try AutoencoderWorkspace(for: model, masking: masking)
    }

    @_lifetime(losses: copy losses)
    func run(_ images: Span<Float>, _ first: Int, _ losses: inout MutableSpan<Float>) {
        let (count, patches) = (losses.count, model.config.patches)
        let noise = CutoutWork.noise(first..<first + count, patches: patches)
        var predictions = [Float](repeating: 0, count: count * patches * model.config.patchCount)
        var mask = [Float](repeating: 0, count: count * patches)
        var predictionSpan = predictions.mutableSpan
        var maskSpan = mask.mutableSpan
        model.reconstruct(
            images: images, noise: noise.span, into: &predictionSpan, mask: &maskSpan, losses: &losses,
            workspace: &workspace)
    }
}

/// One thread's encoder.
private final class FeatureState {
    private let encoder: FeatureEncoder
    private var workspace: FeatureWorkspace

    init(_ encoder: FeatureEncoder) throws(Failure) {
        self.encoder = encoder
        workspace = try FeatureWorkspace(for: encoder)
    }

    @_lifetime(features: copy features)
    func run(_ images: Span<Float>, _ features: inout MutableSpan<Float>) {
        encoder.encode(images: images, into: &features, workspace: &workspace)
    }
}

/// Collects every galaxy's results.
private struct CollectingTask: GalaxyTask {
    final class Results: Sendable {
        let values: Mutex<[Float]>

        init(count: Int) { values = Mutex([Float](repeating: .nan, count: count)) }
    }

    let width: Int
    let results: Results
    let makeBody: @Sendable () throws(Failure) -> CutoutWork.Body

    init(width: Int, count: Int, makeBody: @escaping @Sendable () throws(Failure) -> CutoutWork.Body) {
        (self.width, self.makeBody) = (width, makeBody)
        results = Results(count: width * count)
    }

    func makeWorker(capacity: Int, profile: Profile?) throws(Failure) -> Worker { try Worker(self) }

    final class Worker: GalaxyWorker {
        private let task: CollectingTask
        private let body: CutoutWork.Body

        init(_ task: CollectingTask) throws(Failure) {
            self.task = task
            body = try task.makeBody()
        }

        func run(images: Span<Float>, magnitudes: Span<Float>, count: Int, at first: Int) {
            var part = [Float](repeating: 0, count: count * task.width)
            do {
                var span = part.mutableSpan
                body(images, first, &span)
            }
            task.results.values.withLock { values in
                for index in part.indices { values[first * task.width + index] = part[index] }
            }
        }
    }
}
