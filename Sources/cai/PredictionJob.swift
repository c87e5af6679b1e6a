import AstroMAE
import Inference
import Report
import TensorFiles

/// Weights and galaxies in, predictions and their quality out: what `infer` and `demo` have in common.
struct PredictionJob {
    let weights: String
    let inputs: [InputFile]
    var numHeads: Int?
    var batchSize = BatchRunner.defaultBatchSize
    var threads = Processors.available
    var limit: Int?
    /// No progress, no notices.
    var isQuiet = false

    struct Outcome {
        let predictions: Predictions
        /// nil where no galaxy has a redshift to compare with.
        let quality: Quality?
        /// Seconds to read, check and pack the weights.
        let loadSeconds: Double
    }

    /// Checks every file before the first galaxy is run.
    func run() throws -> Outcome {
        let start = ContinuousClock.now
        let model = try RedshiftModel(weights: try TensorFile.open(path: weights), numHeads: numHeads)
        let loadSeconds = (ContinuousClock.now - start) / .seconds(1)
        if !isQuiet {
            for notice in model.notices { Console.report("notice: \(weights): \(notice)") }
        }
        let partitions = try inputs.map { try PartitionReader($0, for: model) }
        let line = ProgressLine(isShown: !isQuiet)
        defer { line.wipe() }
        let predictions = try BatchRunner(model: model, threads: threads, batchSize: batchSize)
            .run(partitions, limit: limit) { line.show($0) }
        let (predicted, spectroscopic) = try predictions.knownRedshifts()
        return Outcome(
            predictions: predictions,
            quality: try? Quality(predicted: predicted, spectroscopic: spectroscopic), loadSeconds: loadSeconds)
    }
}
