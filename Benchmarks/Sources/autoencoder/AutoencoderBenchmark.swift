import AstroMAE
import ArgumentParser
import BenchmarkSupport
import Foundation

@main
struct AutoencoderBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "autoencoder",
        abstract: "Galaxies per second that are reconstructed and embedded.",
        discussion: """
            Verifies first: the demo autoencoder's predictions have to be within 2e-5 of float64, and every number of \
            threads and several batch sizes have to give the same bits. Then each work is timed once a round with each \
            number of threads, and its best round is reported, also as a share of the multiply-adds that as many threads do \
            at most. Loading the weights is not in the figure.

            autoencoder --threads 1,2 --rounds 10
            autoencoder --only reconstruct --weights mae.safetensors --mask-ratio 0.75 1.pt --json
            """)

    enum Work: String, ExpressibleByArgument, CaseIterable {
        case reconstruct, embed
    }

    @Option(help: "A masked autoencoder's checkpoint.")
    var weights = Checkout.demoAutoencoder

    @Option(help: "A redshift network's, whose fc_norm is embedded, too.")
    var redshiftWeights = Checkout.demoWeights

    @Option(help: "Masked patches of all.")
    var maskRatio = 0.75

    @Option(help: "Numbers of threads, separated by commas.")
    var threads: Counts = [1, Machine.current().cores]

    @Option(help: "The maximum number of galaxies of one micro-batch.")
    var batchSize = 128

    @Option(help: "Rounds: each work is timed once in each.")
    var rounds = 5

    @Option(help: "Galaxies, at most.")
    var limit: Int?

    @Option(help: "Only this: reconstruct or embed.")
    var only: Work?

    @Flag(help: "Print one JSON object instead of the table.")
    var json = false

    @Flag(help: "With --json and --only reconstruct: include each galaxy's loss.")
    var losses = false

    @Argument(help: "Partition files, folders or patterns.")
    var partitions = [Checkout.demoGalaxies]

    func validate() throws {
        for (name, value) in [("rounds", rounds), ("batch-size", batchSize), ("limit", limit ?? 1)] where value < 1 {
            throw ValidationError("--\(name) has to be at least 1, found \(value)")
        }
        guard !losses || (json && only == .reconstruct) else {
            throw ValidationError("--losses is for --json --only reconstruct")
        }
    }

    func run() throws {
        let worst = try GoldenReconstruction.worst()
        guard worst <= GoldenReconstruction.worstAllowed else {
            throw BenchmarkError(
                "a prediction has an error of \(worst), at most \(GoldenReconstruction.worstAllowed) is allowed")
        }
        var works: [CutoutWork] = []
        if only != .embed {
            works.append(
                try .reconstruction(weights: weights, maskRatio: maskRatio, inputs: partitions, limit: limit))
        }
        if only != .reconstruct {
            works.append(try .features(weights: weights, layer: .pooled, inputs: partitions, limit: limit))
            works.append(try .features(weights: redshiftWeights, layer: .fcNorm, inputs: partitions, limit: limit))
        }
        let results = try works.map(verify)
        var best = works.map { _ in [Double](repeating: .infinity, count: threads.values.count) }
        var peaks = [Double](repeating: 0, count: threads.values.count)
        for _ in 0..<rounds {
            for (column, threads) in threads.values.enumerated() {
                peaks[column] = max(peaks[column], works[0].peak(threads: threads))
                for (row, work) in works.enumerated() {
                    best[row][column] = min(
                        best[row][column], try work.pass(threads: threads, batchSize: batchSize).seconds)
                }
            }
        }
        let timings = zip(works, best).flatMap { work, seconds in
            threads.values.indices.map { column in
                Timing(
                    work, threads: threads.values[column], seconds: seconds[column], peak: peaks[column])
            }
        }
        let report = Report(
            machine: .current(), commit: Checkout.commit(), kernels: works[0].kernels, galaxies: works[0].count,
            batchSize: batchSize, rounds: rounds, worstPrediction: worst,
            peaks: zip(threads.values, peaks).map { Peak(threads: $0, flopsPerSecond: $1) }, timings: timings,
            losses: losses ? results[0] : nil)
        print(try json ? report.json() : report.markdown())
    }

    /// One pass with each number of threads, and with other batch sizes, which also warms up caches and pages.
    /// - Throws: `BenchmarkError` if their results differ by a bit.
    private func verify(_ work: CutoutWork) throws -> [Float] {
        var first: [Float] = []
        for (threads, size) in threads.values.map({ ($0, batchSize) }) + [(1, 32), (1, 7)] {
            let results = try work.pass(threads: threads, batchSize: size).results
            if first.isEmpty { first = results }
            let differing = zip(first, results).count { $0.bitPattern != $1.bitPattern }
            guard differing == 0 else {
                throw BenchmarkError(
                    "\(work.name): \(differing) numbers change with \(threads) threads and batches of \(size)")
            }
        }
        return first
    }
}
