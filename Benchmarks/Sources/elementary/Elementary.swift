import ArgumentParser
import AstroMAE
import BenchmarkSupport
import Foundation
import Synchronization

@main
struct ElementaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "elementary",
        abstract: "Errors of exp, GELU and SiLU over all floats.",
        discussion: """
            Puts every one of the 2^32 floats through the kernels of every instruction set that can be run here, and \
            compares with libm in float64. Exits with 1 where a stated bound is exceeded, or a NaN is lost.

            elementary
            elementary --every 1009 --only gelu
            """)

    @Option(help: "Threads.")
    var threads = Machine.current().cores

    @Option(help: "Take every n-th bit pattern only.")
    var every = 1

    @Option(help: ArgumentHelp("One function only: exp, gelu or silu.", valueName: "name"))
    var only: String?

    private static let block = 1 << 14

    func validate() throws {
        guard threads >= 1 else { throw ValidationError("--threads has to be at least 1, found \(threads)") }
        guard (1...1 << 31).contains(every) else {
            throw ValidationError("--every has to be from 1 to \(1 << 31), found \(every)")
        }
        if let only, !Bound.all.contains(where: { $0.name == only }) {
            throw ValidationError("--only: expected exp, gelu or silu, found '\(only)'")
        }
    }

    func run() throws {
        let sets = InstructionSet.allCases.filter(\.isAvailable)
        let bounds = Bound.all.filter { only == nil || $0.name == only }
        let floats = ((1 << 32) + every - 1) / every
        let blocks = (floats + Self.block - 1) / Self.block
        let next = Atomic<Int>(0)
        let found = Mutex([Extremes](repeating: Extremes(), count: bounds.count * sets.count))
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            var extremes = [Extremes](repeating: Extremes(), count: bounds.count * sets.count)
            var walk = Walk(count: Self.block)
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < blocks else { break }
                let first = index * Self.block
                walk.take(first: first, count: min(Self.block, floats - first), every: every)
                for (number, bound) in bounds.enumerated() {
                    walk.compare(bound, sets, &extremes, from: number * sets.count)
                }
            }
            found.withLock { found in
                for (index, extreme) in extremes.enumerated() { found[index].take(extreme) }
            }
        }
        try report(found.withLock { $0 }, bounds, sets, floats: floats)
    }

    private func report(_ extremes: [Extremes], _ bounds: [Bound], _ sets: [InstructionSet], floats: Int) throws {
        print("\(floats) floats, against float64; commit \(Checkout.commit())")
        var isWithin = true
        for (index, extreme) in extremes.enumerated() {
            let (bound, set) = (bounds[index / sets.count], sets[index % sets.count])
            isWithin = isWithin && extreme.share.size <= 1
            print(
                String(
                    format: "%@ %@: %.3f ulp at %.9g; %.3e absolute at %.9g; %.1f%% of the bound (%g ulp + %g) at %.9g",
                    bound.name, set.rawValue, extreme.ulps.size, extreme.ulps.argument, extreme.absolute.size,
                    extreme.absolute.argument, extreme.share.size * 100, bound.ulps(of: set), bound.absolute,
                    extreme.share.argument))
        }
        print(isWithin ? "PASS" : "FAIL")
        if !isWithin { throw ExitCode.failure }
    }
}

/// One thread's block of floats, and the results.
private struct Walk {
    private var arguments: [Float]
    private var results: [Float]
    private var exact: [Double]
    private var count = 0

    init(count: Int) {
        arguments = [Float](repeating: 0, count: count)
        results = arguments
        exact = [Double](repeating: 0, count: count)
    }

    /// The floats of the bit patterns `first * every`, `(first + 1) * every`, ...
    mutating func take(first: Int, count: Int, every: Int) {
        self.count = count
        for index in 0..<count {
            arguments[index] = Float(bitPattern: UInt32(truncatingIfNeeded: (first + index) * every))
        }
    }

    mutating func compare(_ bound: Bound, _ sets: [InstructionSet], _ extremes: inout [Extremes], from first: Int) {
        for index in 0..<count { exact[index] = bound.exact(Double(arguments[index])) }
        for (index, set) in sets.enumerated() {
            guard let kernels = set.table else { continue }
            results.withUnsafeMutableBufferPointer { results in
                guard let base = results.baseAddress else { return }
                for index in 0..<count { base[index] = arguments[index] }
                bound.kernel(kernels, base, count)
            }
            let allowed = bound.ulps(of: set)
            var found = extremes[first + index]
            for index in 0..<count {
                found.take(results[index], exact: exact[index], at: arguments[index], bound, ulps: allowed)
            }
            extremes[first + index] = found
        }
    }
}
