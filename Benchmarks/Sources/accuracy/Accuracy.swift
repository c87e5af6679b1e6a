import ArgumentParser
import BenchmarkSupport
import Foundation

@main
struct AccuracyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accuracy",
        abstract: "Compares redshifts with the same network in float64.",
        discussion: """
            Exits with 1 unless every galaxy is within 2e-6 of z_float64 and the root-mean-square error is at most \
            1.25 times that of PyTorch's float32 (z). Without arguments: the demo weights and galaxies.

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
        let galaxies = try Galaxies(weights: weights, inputs: partitions)
        let accuracy = try Golden(path: golden).compare(galaxies.pass(threads: threads, batchSize: 128).redshifts)

        func line(_ name: String, _ value: String) {
            print("  " + name.padding(toLength: 34, withPad: " ", startingAt: 0) + value)
        }
        print("\(accuracy.galaxies) galaxies, \(weights)")
        line("max |z - z_float64|", String(format: "%.3e  (at most %.0e)", accuracy.worst, Accuracy.worstAllowed))
        line("RMS of z - z_float64", String(format: "%.3e", accuracy.rootMeanSquare))
        line("RMS of PyTorch's float32", String(format: "%.3e", accuracy.referenceRootMeanSquare))
        line("ratio", String(format: "%.3f      (at most %.2f)", accuracy.ratio, Accuracy.ratioAllowed))
        print(accuracy.passes ? "PASS" : "FAIL")
        if !accuracy.passes { throw ExitCode.failure }
    }
}
