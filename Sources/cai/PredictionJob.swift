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
        /// Seconds to open the inputs and check their headers.
        let checkSeconds: Double
    }

    /// Checks that predictions can be written there, and would not replace what they are made from.
    func check(output: String) throws(InferenceError) {
        try PredictionWriter.check(path: output, sparing: [weights] + inputs.map(\.path))
    }

    /// Checks the headers of every file that is to be run before the first galaxy is, and the checksums of each when its
    /// turn comes.
    func run() throws -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        let model = try RedshiftModel(weights: try TensorFile.open(path: weights), numHeads: numHeads)
        let loaded = clock.now
        if !isQuiet {
            for notice in model.notices { Console.report("notice: \(notice)") }
        }
        let partitions = try openPartitions(for: model)
        let checked = clock.now
        let line = ProgressLine(isShown: !isQuiet)
        defer { line.wipe() }
        let predictions = try BatchRunner(model: model, threads: threads, batchSize: batchSize)
            .run(partitions, limit: limit) { line.show($0) }
        let (predicted, spectroscopic) = try predictions.knownRedshifts()
        return Outcome(
            predictions: predictions,
            quality: try? Quality(predicted: predicted, spectroscopic: spectroscopic),
            loadSeconds: (loaded - start) / .seconds(1), checkSeconds: (checked - loaded) / .seconds(1))
    }

    /// The inputs, as many as the limit asks for.
    private func openPartitions(for model: RedshiftModel) throws(InferenceError) -> [PartitionReader] {
        var partitions: [PartitionReader] = []
        var count = 0
        for input in inputs where count < limit ?? Int.max {
            let partition = try PartitionReader(input, for: model)
            partitions.append(partition)
            count += partition.count
        }
        return partitions
    }
}
