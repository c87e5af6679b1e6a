import BenchmarkSupport
import Foundation

struct Timing: Codable {
    let work: String
    let threads: Int
    let seconds: Double
    let galaxiesPerSecond: Double
    /// Two for each multiply-add of matrix products, convolutions and attention.
    let flopsPerGalaxy: Int
    /// Floating-point operations done, as a share of the maximum of the threads.
    let peakShare: Double

    init(_ work: CutoutWork, threads: Int, seconds: Double, peak: Double) {
        (self.work, self.threads, self.seconds) = (work.name, threads, seconds)
        galaxiesPerSecond = Double(work.count) / seconds
        flopsPerGalaxy = work.flopsPerGalaxy
        peakShare = peak > 0 ? galaxiesPerSecond * Double(flopsPerGalaxy) / (peak * Double(threads)) : 0
    }
}

/// Results of a run, and its conditions.
struct Report: Codable {
    let machine: Machine
    let commit: String
    let kernels: String
    let galaxies: Int
    let batchSize: Int
    let rounds: Int
    /// max |pred - pred_float64| of the demo autoencoder.
    let worstPrediction: Double
    let peaks: [Peak]
    let timings: [Timing]
    let losses: [Float]?

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting =
            losses == nil ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    func markdown() -> String {
        let names = timings.reduce(into: [String]()) { if !$0.contains($1.work) { $0.append($1.work) } }
        let columns = peaks.map { $0.threads == 1 ? "1 thread" : "\($0.threads) threads" }
        let rows = names.map { name in
            let row = timings.filter { $0.work == name }
            let cells = row.map { String(format: "%.0f (%.1f%%)", $0.galaxiesPerSecond, $0.peakShare * 100) }
            return String(format: "| %@ | %.1f | ", name, Double(row[0].flopsPerGalaxy) / 1e6)
                + cells.joined(separator: " | ") + " |"
        }
        let fastest = peaks.map { String(format: "%.1f with %d", $0.flopsPerSecond / 1e9, $0.threads) }
        return """
            \(machine.cpu), \(machine.cores) cores, \(kernels); commit \(commit); \(galaxies) galaxies in batches of \
            \(batchSize); best of \(rounds)
            verified: max |pred - pred_float64| \(String(format: "%.1e", worstPrediction)), the same bits with all threads \
            and batch sizes

            galaxies/s (% of peak; peak in GFLOP/s a thread: \(fastest.joined(separator: ", "))):

            | work | MFLOP a galaxy | \(columns.joined(separator: " | ")) |
            |---|---:|\(columns.map { _ in "---:" }.joined(separator: "|"))|
            \(rows.joined(separator: "\n"))
            """
    }
}
