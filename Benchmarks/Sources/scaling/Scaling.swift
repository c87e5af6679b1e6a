import ArgumentParser
import AstroMAE
import BenchmarkSupport
import Foundation
import Inference
import Platform
import TensorFiles

@main
struct Scaling: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling",
        abstract: "The time of a run that is not the network's forward pass, by the number of threads.",
        discussion: """
            Threads wait in place of the forward pass, so that more of them than processors can be kept busy. Prints what \
            grows with threads, what runs in one thread or under one lock, and the rate at which each form of file limits \
            a run without any forward pass. Every run has to end with a result for each galaxy.

            scaling FOLDER --threads 1,8,64,192
            """)

    @Argument(help: "Folder with the files of Benchmarks/scaling/inputs.py.")
    var folder: String

    @Option(help: "Numbers of threads, separated by commas.")
    var threads: Counts = [1, 2, 8, 64, 192]

    @Option(help: "Numbers of threads for the forms of files.")
    var formThreads: Counts = [1, 2, 4]

    @Option(help: "Galaxies a second of all threads together, by which they wait.")
    var rate = 20_000

    /// Galaxies of a micro-batch, as in a run.
    private static let batchSize = BatchRunner.defaultBatchSize
    /// Micro-batches of each thread, at least.
    private static let batches = 3

    func validate() throws {
        guard rate >= 1 else { throw ValidationError("--rate has to be at least 1, found \(rate)") }
    }

    func run() throws {
        let machine = Machine.current()
        print("\(machine.cpu), \(machine.cores) processors, commit \(Checkout.commit())\n")
        print(
            "| threads | galaxies/s | processor µs a galaxy | results and journal µs a galaxy | page faults a galaxy "
                + "| context switches a micro-batch |\n|---:|---:|---:|---:|---:|---:|")
        var locked = 0.0
        for threads in threads.values {
            let row = try waiting(threads)
            if locked == 0 { locked = row.locked }
            print(
                "| \(threads) | \(whole(row.rate)) | \(row.processor.short) | \(row.locked.short) "
                    + "| \(row.faults.short) | \(row.switches.short) |")
        }
        print("")
        let parts = [("results and journal, under locks, \(threads.values[0]) threads", locked)] + (try serialParts())
        print("| in one thread or under one lock | µs a galaxy |\n|---|---:|")
        for (name, microseconds) in parts { print("| \(name) | \(microseconds.short) |") }
        let sum = parts.reduce(0) { $0 + $1.1 }
        print("| **sum**: at most \(whole(1e6 / sum)) galaxies/s | **\(sum.short)** |\n")
        print(
            "| form | " + formThreads.values.map { "\($0) threads, galaxies/s" }.joined(separator: " | ")
                + " |\n|---|" + formThreads.values.map { _ in "---:|" }.joined())
        for form in Form.all {
            let partitions = try form.partitions(in: folder)
            var rates: [String] = []
            for threads in formThreads.values {
                rates.append(whole(try best(of: 2) { try pass(partitions, threads: threads, seconds: 0).rate }))
            }
            print("| \(form.name) | \(rates.joined(separator: " | ")) |")
        }
    }

    /// What a run costs beside the forward pass. Times in microseconds.
    private struct Row {
        let rate: Double
        let processor: Double
        let locked: Double
        let faults: Double
        let switches: Double
    }

    private func waiting(_ threads: Int) throws -> Row {
        let partition = try Form.partition(folder + "/stored.npz")
        let needed = threads * Self.batchSize * Self.batches
        let partitions = [PartitionReader](
            repeating: partition, count: (needed + partition.count - 1) / partition.count)
        return try pass(
            partitions, threads: threads, seconds: Double(threads * Self.batchSize) / Double(rate), journal: true)
    }

    private func pass(
        _ partitions: [PartitionReader], threads: Int, seconds: Double, journal isKept: Bool = false,
        batchSize: Int = batchSize, limit: Int? = nil
    ) throws -> Row {
        let path = NSTemporaryDirectory() + "/scaling-\(ProcessInfo.processInfo.processIdentifier)"
        let journal = isKept ? try PredictionJournal(path: path) : nil
        defer { journal?.remove() }
        try journal?.begin(identity: "scaling")
        let sections = GalaxyRun.sections(of: partitions, limit: limit)
        let count = sections.galaxyCount
        let task = WaitingTask(seconds: seconds, journal: journal, results: WaitingTask.Results(count: count))
        let before = Usage.current()
        let run = try GalaxyRunner(gemm: .packed, threads: threads, batchSize: batchSize).run(task, over: sections)
        let used = Usage.current() - before
        guard task.results.missing == 0 else { throw BenchmarkError("\(task.results.missing) galaxies have no result") }
        let galaxies = Double(count)
        return Row(
            rate: run.galaxiesPerSecond, processor: used.seconds / galaxies * 1e6,
            locked: Double(task.results.nanoseconds.load(ordering: .relaxed)) / galaxies / 1e3,
            faults: Double(used.pageFaults) / galaxies,
            switches: Double(used.switches) / (galaxies / Double(batchSize)))
    }

    private func best(of rounds: Int, _ rate: () throws -> Double) rethrows -> Double {
        var best = 0.0
        for _ in 0..<rounds { best = max(best, try rate()) }
        return best
    }

    /// What one thread does while others wait, or alone before and after them, in microseconds a galaxy.
    private func serialParts() throws -> [(String, Double)] {
        // Micro-batches of one galaxy without work: all of their time counts, of which that under locks is a part.
        let small = 4096
        let queue = try best(of: 3) {
            try pass([Form.partition(folder + "/stored.npz")], threads: 1, seconds: 0, batchSize: 1, limit: small).rate
        }
        return [
            ("queue and progress: at most one micro-batch without work", 1e6 / queue / Double(Self.batchSize)),
            ("comparison of checksums, summed by threads", try comparison()),
            ("output as CSV, after the run", try output()),
        ]
    }

    /// Microseconds a galaxy of `EntrySums.compare`, after the sums of all micro-batches.
    private func comparison() throws -> Double {
        let file = try TensorFile.open(path: folder + "/stored.npz", checksums: .deferred)
        let clock = ContinuousClock()
        var best = Double.infinity
        for _ in 0..<5 {
            guard let sums = file.entrySums(), let images = file["images"], let rows = sums.rows(of: images) else {
                throw BenchmarkError("\(file.name): expected stored images")
            }
            for first in stride(from: 0, to: images.rows, by: Self.batchSize) {
                try sums.add(rows[first..<min(first + Self.batchSize, images.rows)])
            }
            best = min(best, try clock.measure { try sums.compare() } / .microseconds(1) / Double(images.rows))
        }
        return best
    }

    /// Microseconds a galaxy of the rows of a CSV file, without the system's calls.
    private func output() throws -> Double {
        struct Nowhere: ByteSink { func write(_ bytes: [UInt8]) throws(Failure) {} }
        let model = try RedshiftModel(weights: TensorFile.open(path: Checkout.demoWeights))
        let galaxies = try InputList.expand([Checkout.demoGalaxies]).map { try PartitionReader($0, for: model) }
        let predictions = try BatchRunner(model: model).run(galaxies)
        var sink = Nowhere()
        let clock = ContinuousClock()
        var best = Double.infinity
        for _ in 0..<20 {
            let time = try clock.measure { try PredictionWriter.writeCSV(predictions, to: &sink) }
            best = min(best, time / .microseconds(1))
        }
        return best / Double(predictions.redshifts.count)
    }

    private func whole(_ number: Double) -> String { String(Int(number.rounded())) }
}

extension Double {
    /// Three digits.
    fileprivate var short: String { String(format: self < 1 ? "%.3f" : self < 10 ? "%.2f" : "%.1f", self) }
}
