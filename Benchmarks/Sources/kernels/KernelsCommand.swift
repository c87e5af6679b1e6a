import ArgumentParser
import AstroMAE
import BenchmarkSupport
import Foundation
import Inference

@main
struct KernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Speed of each kernel at the network's shapes, on one thread.",
        discussion: """
            Verifies first: every kernel against float64 at every shape, and nothing is timed that is wrong. Then all \
            of them take turns until the seconds are over, so that a slow moment of the machine falls on all, and the \
            fastest call of each is reported, beside the multiply-adds that the same process does at most. FLOPs are two for \
            each multiply-add of products, convolutions and attention. Operands lie in the cache as far as they fit.

            kernels --only mlp --seconds 5
            kernels --only gemm --isa avx2 --openblas
            kernels --json my-shapes.txt
            """)

    @Option(help: ArgumentHelp("Only kernels or names that contain this; may be repeated.", valueName: "name"))
    var only: [String] = []

    @Option(help: ArgumentHelp("Instruction sets, separated by commas.", valueName: "names"))
    var isa: InstructionSets = .usual

    @Option(help: "Seconds of timing, for everything together.")
    var seconds = 20.0

    @Flag(help: "Time OpenBLAS too, where a kernel is a plain product.")
    var openblas = false

    @Flag(help: "Print one JSON object instead of the table.")
    var json = false

    @Argument(help: "Files of shapes. Default: all of Benchmarks/shapes.")
    var shapes: [String] = []

    func validate() throws {
        guard seconds > 0, seconds <= 86_400 else {
            throw ValidationError("--seconds has to be more than 0 and at most 86400, found \(seconds)")
        }
    }

    func run() throws {
        let engines = try self.engines()
        let selected = try files().flatMap { try Shape.read(path: $0) }.filter { shape in
            only.isEmpty || only.contains { shape.kernel.contains($0) || shape.name.contains($0) }
        }
        guard !selected.isEmpty else {
            throw BenchmarkError("no shape has a name like \(only.joined(separator: ", "))")
        }
        var entries: [Entry] = []
        for shape in selected {
            let operands = try shape.makeCase()
            for engine in engines where engine.openBLAS == nil || operands.isProduct {
                try verify(operands, shape, engine)
                entries.append(Entry(shape: shape, operands: operands, engine: engine))
            }
        }
        let (rounds, peaks) = time(&entries, engines)
        let report = KernelReport(
            machine: .current(), commit: Checkout.commit(), rounds: rounds, peaks: peaks,
            results: entries.map { KernelReport.Result($0, peak: peaks[$0.engine.instructionSet.rawValue]) })
        print(try json ? report.json() : report.text())
    }

    private func files() throws -> [String] {
        guard shapes.isEmpty else { return shapes }
        let folder = Checkout.root + "/Benchmarks/shapes"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted().map { "\(folder)/\($0)" }
    }

    private func engines() throws -> [Engine] {
        var engines: [Engine] = []
        for set in isa.values {
            guard let table = set.table else {
                throw BenchmarkError("this processor or build cannot run \(set.rawValue)")
            }
            engines.append(Engine(name: set.rawValue, table: table, openBLAS: nil, instructionSet: set))
        }
        if openblas, let first = engines.first {
            guard let library = OpenBLAS.shared else { throw BenchmarkError("OpenBLAS is not installed") }
            engines.append(
                Engine(
                    name: "openblas", table: first.table, openBLAS: library, instructionSet: first.instructionSet))
        }
        return engines
    }

    private func verify(_ operands: any KernelCase, _ shape: Shape, _ engine: Engine) throws {
        operands.prepare()
        operands.run(engine)
        let error = operands.worstError()
        guard error <= 1 else {
            throw BenchmarkError(
                "\(engine.name) is wrong: \(shape.kernel) \(shape.name) (\(shape.text)) has \(error) times the error "
                    + "that is allowed")
        }
    }

    /// Runs rounds over all entries until the time has passed; each is called for about a millisecond a round.
    private func time(_ entries: inout [Entry], _ engines: [Engine]) -> (rounds: Int, peaks: [String: Double]) {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        var (rounds, peaks) = (0, [String: Double]())
        repeat {
            for engine in engines {
                let peak = FMAPeak.measure(engine.instructionSet, threads: 1, seconds: 0.02).perThread ?? 0
                peaks[engine.instructionSet.rawValue] = max(peaks[engine.instructionSet.rawValue] ?? 0, peak)
            }
            for index in entries.indices {
                let entry = entries[index]
                let visit = clock.now
                repeat {
                    entry.operands.prepare()
                    let start = clock.now
                    entry.operands.run(entry.engine)
                    let elapsed = (clock.now - start) / .seconds(1)
                    entries[index].seconds = min(entries[index].seconds, elapsed)
                } while clock.now - visit < .milliseconds(1)
            }
            rounds += 1
        } while clock.now < end
        return (rounds, peaks)
    }
}

/// A kernel at a shape on an engine, and its fastest call.
struct Entry {
    let shape: Shape
    let operands: any KernelCase
    let engine: Engine
    var seconds = Double.infinity

    init(shape: Shape, operands: any KernelCase, engine: Engine) {
        (self.shape, self.operands, self.engine) = (shape, operands, engine)
    }
}

/// Instruction sets, separated by commas on the command line.
struct InstructionSets: ExpressibleByArgument {
    let values: [InstructionSet]

    /// The widest available one, and the portable reference.
    static let usual = InstructionSets(values: InstructionSet.widest == .portable ? [.portable] : [.widest, .portable])

    private init(values: [InstructionSet]) { self.values = values }

    init?(argument: String) {
        let names = argument.split(separator: ",", omittingEmptySubsequences: false)
        let sets = names.compactMap { InstructionSet(rawValue: String($0)) }
        guard sets.count == names.count else { return nil }
        values = sets
    }

    var defaultValueDescription: String { values.map(\.rawValue).joined(separator: ",") }
}
