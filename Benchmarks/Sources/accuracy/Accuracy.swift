import ArgumentParser
import AstroMAE
import BenchmarkSupport
import Foundation
import Inference

@main
struct AccuracyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accuracy",
        abstract: "Compares redshifts with the same network in float64.",
        discussion: """
            Exits with 1 unless every galaxy is within 2e-6 of z_float64 and the root-mean-square error is at most \
            1.25 times that of PyTorch's float32 (z); in bfloat16 within 6e-4, and at most 1.5e-4. Then the change of \
            every measure of quality by bfloat16. Without arguments: the demo weights and galaxies.

            accuracy --weights W.pt --golden predictions.golden.safetensors 1.pt 2.pt
            """)

    @Option(help: "Checkpoint.")
    var weights = Checkout.demoWeights

    @Option(help: "safetensors file with z and z_float64, in the order of the partitions.")
    var golden = Checkout.demoGolden

    @Option(help: "Threads.")
    var threads = Machine.current().cores

    @Argument(help: "Partition files, folders or patterns.")
    var partitions = [Checkout.demoGalaxies]

    func validate() throws {
        guard threads >= 1 else { throw ValidationError("--threads has to be at least 1, found \(threads)") }
    }

    func run() throws {
        print("\(weights)")
        let results = try Precision.allCases.map(measure)
        if let plain = results[0].quality, let rounded = results[1].quality {
            print("quality: float32, bf16 and the change")
            let pairs = zip(plain.reference.lines + plain.field.lines, rounded.reference.lines + rounded.field.lines)
            for (before, after) in pairs {
                guard let old = before.value, let new = after.value else { continue }
                let change = old == 0 ? "" : String(format: "%+.3f%%", 100 * (new / old - 1))
                line(before.name, before.valueText + "  " + after.valueText + "  " + change)
            }
        }
        let passes = results.allSatisfy(\.accuracy.passes)
        print(passes ? "PASS" : "FAIL")
        if !passes { throw ExitCode.failure }
    }

    private func measure(_ precision: Precision) throws -> (accuracy: Accuracy, quality: Quality?) {
        let galaxies = try Galaxies(weights: weights, inputs: partitions, precision: precision)
        let (redshifts, quality) = try galaxies.predicted(threads: threads, batchSize: 128)
        let accuracy = try Golden(path: golden).compare(redshifts, precision: precision)
        print("\(accuracy.galaxies) galaxies, \(galaxies.kernels)" + (precision == .float32 ? ", float32" : ""))
        line("max |z - z_float64|", String(format: "%.3e  (at most %.0e)", accuracy.worst, accuracy.worstAllowed))
        line(
            "RMS of z - z_float64",
            String(format: "%.3e  (at most %.3e)", accuracy.rootMeanSquare, accuracy.rootMeanSquareAllowed))
        line("RMS of PyTorch's float32", String(format: "%.3e", accuracy.referenceRootMeanSquare))
        return (accuracy, quality)
    }

    private func line(_ name: String, _ value: String) {
        print("  " + name.padding(toLength: 34, withPad: " ", startingAt: 0) + value)
    }
}
