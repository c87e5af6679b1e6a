import AstroMAE
import Inference
import TensorFiles

/// A model and the galaxies that it is to predict, run as `cai infer` runs them.
public struct Galaxies: Sendable {
    public let count: Int
    private let model: RedshiftModel
    private let partitions: [PartitionReader]
    private let limit: Int?

    /// - Parameters:
    ///   - inputs: partition files, folders or patterns.
    ///   - limit: the most galaxies to predict.
    public init(weights: String, inputs: [String], limit: Int? = nil) throws {
        let model = try RedshiftModel(weights: TensorFile.open(path: weights))
        partitions = try InputList.expand(inputs).map { try PartitionReader($0, for: model) }
        let total = partitions.reduce(0) { $0 + $1.count }
        count = min(total, limit ?? total)
        self.model = model
        self.limit = limit
    }

    /// The instruction set and the back end of the matrix products: what bits and speed depend on.
    public var kernels: String { "\(model.instructionSet.rawValue), \(model.gemm.rawValue)" }

    /// Predicts every galaxy once. The seconds are those of the worker threads, their start and workspaces included,
    /// from files that lie in the system's cache after the first pass.
    public func pass(threads: Int, batchSize: Int) throws -> (redshifts: [Float], seconds: Double) {
        let runner = BatchRunner(model: model, threads: threads, batchSize: batchSize)
        let predictions = try runner.run(partitions, limit: limit)
        return (predictions.redshifts, predictions.seconds)
    }
}
