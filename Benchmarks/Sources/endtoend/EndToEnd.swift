import ArgumentParser
import AstroMAE
import BenchmarkSupport
import Foundation

extension Precision: ExpressibleByArgument {}

@main
struct EndToEnd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endtoend",
        abstract: "Galaxies per second for each number of threads and batch size.",
        discussion: """
            Verifies first: every combination has to give the same bits, and, where golden redshifts are known, be \
            within 2e-6 of them. Then every combination is timed once a round, and its best round is reported. Loading \
            the weights is not in the figure. Each is also given as a share of the multiply-adds that as many threads do at \
            most, measured in the same process. Without arguments: the demo weights and galaxies.

            endtoend --threads 1,2 --batch-sizes 32,128,512 --rounds 10
            endtoend --weights W.pt --golden predictions.golden.safetensors 1.pt 2.pt --json
            """)

    @Option(help: "Checkpoint.")
    var weights = Checkout.demoWeights

    @Option(help: "safetensors file with z and z_float64. Default: the demo's, with the demo weights and galaxies.")
    var golden: String?

    @Option(help: "Numbers of threads, separated by commas.")
    var threads: Counts = [1, Machine.current().cores]

    @Option(help: "Batch sizes, separated by commas.")
    var batchSizes: Counts = [32, 128, 512]

    @Option(help: "Precision of the Linear layers: float32 or bf16.")
    var precision = Precision.float32

    @Option(help: "Rounds: each combination is timed once in each.")
    var rounds = 5

    @Option(help: "Galaxies to predict, at most.")
    var limit: Int?

    @Flag(help: "Print one JSON object instead of the table.")
    var json = false

    @Flag(help: "With --json: include the redshifts.")
    var redshifts = false

    @Argument(help: "Partition files, folders or patterns.")
    var partitions = [Checkout.demoGalaxies]

    func validate() throws {
        guard rounds >= 1 else { throw ValidationError("--rounds has to be at least 1, found \(rounds)") }
        if let limit, limit < 1 { throw ValidationError("--limit has to be at least 1, found \(limit)") }
        guard !redshifts || json else { throw ValidationError("--redshifts is for --json") }
    }

    func run() throws {
        let galaxies = try Galaxies(weights: weights, inputs: partitions, limit: limit, precision: precision)
        let combinations = threads.values.flatMap { threads in batchSizes.values.map { (threads, $0) } }
        let verified = try verify(galaxies, combinations)

        var best = [Double](repeating: .infinity, count: combinations.count)
        var peaks: [Int: Double] = [:]
        for _ in 0..<rounds {
            for threads in threads.values { peaks[threads] = max(peaks[threads] ?? 0, galaxies.peak(threads: threads)) }
            for (index, (threads, batchSize)) in combinations.enumerated() {
                best[index] = min(best[index], try galaxies.pass(threads: threads, batchSize: batchSize).seconds)
            }
        }
        let flops = try galaxies.flopsPerGalaxy
        let timings = zip(combinations, best).map { combination, seconds in
            let rate = Double(galaxies.count) / seconds
            let peak = Double(combination.0) * (peaks[combination.0] ?? 0)
            return Timing(
                threads: combination.0, batchSize: combination.1, seconds: seconds, galaxiesPerSecond: rate,
                peakShare: peak > 0 ? rate * Double(flops) / peak : 0)
        }
        let summary = Summary(
            machine: .current(), commit: Checkout.commit(), kernels: galaxies.kernels, weights: weights,
            partitions: partitions,
            galaxies: galaxies.count, rounds: rounds, flopsPerGalaxy: flops,
            peaks: peaks.sorted { $0.key < $1.key }.map { Peak(threads: $0.key, flopsPerSecond: $0.value) },
            accuracy: verified.accuracy, timings: timings,
            redshifts: redshifts ? verified.redshifts : nil)
        print(try json ? summary.json() : summary.markdown())
    }

    /// One pass of each combination, which also warms up caches and pages.
    /// - Throws: `BenchmarkError` if their redshifts differ by a bit, or are too far from the golden ones.
    private func verify(
        _ galaxies: Galaxies, _ combinations: [(threads: Int, batchSize: Int)]
    ) throws -> (redshifts: [Float], accuracy: Accuracy?) {
        var first: [Float] = []
        for (threads, batchSize) in combinations {
            let redshifts = try galaxies.pass(threads: threads, batchSize: batchSize).redshifts
            if first.isEmpty { first = redshifts }
            let differing = zip(first, redshifts).count { $0.bitPattern != $1.bitPattern }
            guard differing == 0 else {
                throw BenchmarkError(
                    "\(differing) redshifts change with \(threads) threads and batches of \(batchSize)")
            }
        }
        let isDemo = weights == Checkout.demoWeights && partitions == [Checkout.demoGalaxies]
        guard let path = golden ?? (isDemo ? Checkout.demoGolden : nil) else { return (first, nil) }
        let accuracy = try Golden(path: path).compare(first, precision: precision)
        guard accuracy.worst <= accuracy.worstAllowed else {
            throw BenchmarkError("a redshift is \(accuracy.worst) off, at most \(accuracy.worstAllowed) is allowed")
        }
        return (first, accuracy)
    }
}
