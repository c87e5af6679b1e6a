import AstroMAE
import Inference
import TensorFiles

/// A model and the galaxies that it predicts, run as `cai infer` runs them.
public struct Galaxies: Sendable {
    public let count: Int
    private let model: RedshiftModel
    private let partitions: [PartitionReader]
    private let limit: Int?

    /// - Parameters:
    ///   - inputs: partition files, folders or patterns.
    ///   - limit: the most galaxies to predict.
    ///   - precision: of the Linear layers.
    public init(weights: String, inputs: [String], limit: Int? = nil, precision: Precision = .float32) throws {
        let model = try RedshiftModel(weights: TensorFile.open(path: weights), precision: precision)
        partitions = try InputList.expand(inputs).map { try PartitionReader($0, for: model) }
        let total = partitions.reduce(0) { $0 + $1.count }
        count = min(total, limit ?? total)
        self.model = model
        self.limit = limit
    }

    /// The instruction set and the back end of matrix products, which determine bits and speed.
    public var kernels: String {
        "\(model.instructionSet.rawValue), \(model.gemm.rawValue)"
            + (model.precision == .float32 ? "" : ", \(model.precision.rawValue)")
    }

    public var precision: Precision { model.precision }

    /// Floating-point operations of one galaxy: two for each multiply-add of matrix products, convolutions and
    /// attention.
    public var flopsPerGalaxy: Int { get throws { try model.flopsPerGalaxy } }

    /// The maximum operations a second of each of `threads` threads while all run: multiply-adds in registers, on the
    /// model's instruction set.
    public func peak(threads: Int) -> Double { FMAPeak.measure(model.instructionSet, threads: threads).perThread ?? 0 }

    /// Predicts every galaxy once. The seconds are those of the worker threads, with their start and workspaces; files
    /// are in the system's cache after the first pass.
    public func pass(threads: Int, batchSize: Int) throws -> (redshifts: [Float], seconds: Double) {
        let predictions = try predictions(threads: threads, batchSize: batchSize)
        return (predictions.redshifts, predictions.seconds)
    }

    /// The same, with the quality of the redshifts; nil where no spectroscopic ones are known.
    public func predicted(threads: Int, batchSize: Int) throws -> (redshifts: [Float], quality: Quality?) {
        let predictions = try predictions(threads: threads, batchSize: batchSize)
        let known = try predictions.knownRedshifts()
        let quality =
            known.predicted.isEmpty
            ? nil : try Quality(predicted: known.predicted, spectroscopic: known.spectroscopic)
        return (predictions.redshifts, quality)
    }

    private func predictions(threads: Int, batchSize: Int) throws -> Predictions {
        try BatchRunner(model: model, threads: threads, batchSize: batchSize).run(partitions, limit: limit)
    }
}
