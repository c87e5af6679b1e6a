import BenchmarkSupport
import Foundation

struct Timing: Codable {
    let threads: Int
    let batchSize: Int
    let seconds: Double
    let galaxiesPerSecond: Double
    /// Floating-point operations done, as a share of the maximum of the threads.
    let peakShare: Double
}

/// Results of a run, and its conditions.
struct Summary: Codable {
    let machine: Machine
    let commit: String
    /// The instruction set and the back end of matrix products of the model.
    let kernels: String
    let weights: String
    let partitions: [String]
    let galaxies: Int
    let rounds: Int
    /// Two for each multiply-add of matrix products, convolutions and attention.
    let flopsPerGalaxy: Int
    let peaks: [Peak]
    let accuracy: Accuracy?
    let timings: [Timing]
    let redshifts: [Float]?

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting =
            redshifts == nil ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    func markdown() -> String {
        let batchSizes = timings.reduce(into: [Int]()) { if !$0.contains($1.batchSize) { $0.append($1.batchSize) } }
        let threads = timings.reduce(into: [Int]()) { if !$0.contains($1.threads) { $0.append($1.threads) } }
        func table(_ cell: (Timing) -> String) -> String {
            let rows = threads.map { count in
                "| \(count) | " + timings.filter { $0.threads == count }.map(cell).joined(separator: " | ") + " |"
            }
            return """
                | threads | \(batchSizes.map { "batch \($0)" }.joined(separator: " | ")) |
                |---:|\(batchSizes.map { _ in "---:" }.joined(separator: "|"))|
                \(rows.joined(separator: "\n"))
                """
        }
        let fastest = peaks.map { String(format: "%.1f with %d", $0.flopsPerSecond / 1e9, $0.threads) }
        let verified = accuracy.map { String(format: "max |z - z_float64| %.1e, ", $0.worst) } ?? ""
        return """
            \(machine.cpu), \(machine.cores) cores, \(kernels); commit \(commit); \(galaxies) galaxies; best of \(rounds)
            verified: \(verified)the same bits in every row and column

            galaxies/s:

            \(table { String(format: "%.0f", $0.galaxiesPerSecond) })

            % of peak (\(String(format: "%.1f", Double(flopsPerGalaxy) / 1e6)) MFLOP a galaxy; peak in GFLOP/s a thread: \
            \(fastest.joined(separator: ", "))):

            \(table { String(format: "%.1f", $0.peakShare * 100) })
            """
    }
}
