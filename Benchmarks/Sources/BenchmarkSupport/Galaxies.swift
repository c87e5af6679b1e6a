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
    public init(weights: String, inputs: [String], limit: Int? = nil) throws {
        let model = try RedshiftModel(weights: TensorFile.open(path: weights))
        partitions = try InputList.expand(inputs).map { try PartitionReader($0, for: model) }
        let total = partitions.reduce(0) { $0 + $1.count }
        count = min(total, limit ?? total)
        self.model = model
        self.limit = limit
    }

    /// The instruction set and the back end of matrix products, which determine bits and speed.
    public var kernels: String { "\(model.instructionSet.rawValue), \(model.gemm.rawValue)" }

    /// Floating-point operations of one galaxy: two for each multiply-add of matrix products, convolutions and
    /// attention.
    public var flopsPerGalaxy: Int { get throws { try model.flopsPerGalaxy } }

    /// The maximum operations a second of each of `threads` threads while all run: multiply-adds in registers, on the
    /// model's instruction set.
    public func peak(threads: Int) -> Double { FMAPeak.measure(model.instructionSet, threads: threads).perThread ?? 0 }

    /// Predicts every galaxy once. The seconds are those of the worker threads, with their start and workspaces; files
    /// are in the system's cache after the first pass.
    public func pass(threads: Int, batchSize: Int) throws -> (redshifts: [Float], seconds: Double) {
        let runner = BatchRunner(model: model, threads: threads, batchSize: batchSize)
        let predictions = try runner.run(partitions, limit: limit)
        return (predictions.redshifts, predictions.seconds)
    }
}
