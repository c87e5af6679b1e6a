import BenchmarkSupport
import Foundation

/// Results of a run of the kernels.
struct KernelReport: Encodable {
    struct Result: Encodable {
        let kernel: String
        let name: String
        let shape: String
        /// An instruction set, or openblas.
        let engine: String
        /// The fastest call.
        let milliseconds: Double
        /// Nil without multiply-adds.
        let gflopsPerSecond: Double?
        let peakShare: Double?
        /// Elements of all other operations; nil without any.
        let gigaelementsPerSecond: Double?
        let gigabytesPerSecond: Double

        init(_ entry: Entry, peak: Double?) {
            func rate(_ count: Int) -> Double? { count > 0 ? Double(count) / entry.seconds / 1e9 : nil }
            (kernel, name, shape) = (entry.shape.kernel, entry.shape.name, entry.shape.text)
            engine = entry.engine.name
            milliseconds = entry.seconds * 1e3
            gflopsPerSecond = rate(entry.operands.flops)
            peakShare = gflopsPerSecond.flatMap { rate in peak.flatMap { $0 > 0 ? rate * 1e9 / $0 : nil } }
            gigaelementsPerSecond = rate(entry.operands.elements)
            gigabytesPerSecond = rate(entry.operands.bytes) ?? 0
        }
    }

    let machine: Machine
    let commit: String
    let rounds: Int
    /// Floating-point operations a second of one thread, multiply-adds in registers, by instruction set.
    let peaks: [String: Double]
    let results: [Result]

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    func text() -> String {
        let fastest = peaks.sorted { $0.value > $1.value }
            .map { String(format: "%@ %.1f GFLOP/s", $0.key, $0.value / 1e9) }.joined(separator: ", ")
        var rows = [["kernel", "name", "shape", "on", "ms", "GFLOP/s", "% of peak", "Gelement/s", "GB/s"]]
        func cell(_ value: Double?, _ format: String) -> String { value.map { String(format: format, $0) } ?? "-" }
        rows += results.map { result in
            [
                result.kernel, result.name, result.shape, result.engine, String(format: "%.4f", result.milliseconds),
                cell(result.gflopsPerSecond, "%.1f"), cell(result.peakShare.map { $0 * 100 }, "%.1f"),
                cell(result.gigaelementsPerSecond, "%.2f"), cell(result.gigabytesPerSecond, "%.1f"),
            ]
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return column < 4 ? cell + blanks : blanks + cell
            }.joined(separator: "  ")
        }
        return """
            \(machine.cpu), \(machine.cores) cores; commit \(commit); 1 thread, best of \(rounds) rounds
            verified: every line against float64
            peak, multiply-adds in registers: \(fastest)

            \(lines.joined(separator: "\n"))
            """
    }
}
