import Costs
import Experiment
import Runs
import Platform

/// The output of `experiment --dry-run`.
struct ExperimentForecast {
    private struct Line {
        let point: ExperimentPoint
        let galaxies: Int
        /// Of one run.
        let seconds: Double
        /// US dollars of one run; nil on this machine.
        let cost: Double?
    }

    private let lines: [Line]
    private let basis: String
    private let rate: Double

    /// On this machine.
    /// - Parameters:
    ///   - galaxies: of a run of a point.
    ///   - rate: galaxies a second on the default number of threads.
    ///   - measured: on how many galaxies that was measured; nil where it was given.
    init(_ plan: ExperimentPlan, galaxies: (ExperimentPoint) -> Int, rate: Double, measured: Int?) {
        let usual = plan.points.compactMap(\.threads).max() ?? 1
        lines = plan.points.map { point in
            let threads = Double(point.threads ?? usual) / Double(usual)
            return Line(
                point: point, galaxies: galaxies(point), seconds: Double(galaxies(point)) / (rate * min(1, threads)),
                cost: nil)
        }
        self.rate = rate
        basis = measured.map { "measured on " + Numbers.counted($0, "galaxy", "galaxies") } ?? "as given"
    }

    /// On AWS.
    /// - Parameter launches: the plan for a run of a point.
    init(_ plan: ExperimentPlan, worker: LambdaWorker, launches: (ExperimentPoint) throws -> LaunchPlan) throws {
        lines = try plan.points.map { point in
            let launch = try launches(point)
            return Line(
                point: point, galaxies: launch.plan.galaxies, seconds: launch.plan.totalSeconds,
                cost: launch.bill.total)
        }
        rate = worker.galaxiesPerSecond
        basis = "of each worker, \(Numbers.grouped(worker.memory)) MB"
    }

    private var runs: Int { lines.reduce(0) { $0 + $1.point.runs } }
    private var seconds: Double { lines.reduce(0) { $0 + $1.seconds * Double($1.point.runs) } }

    func write(asJSON: Bool) throws {
        try StandardOutput.write(json, asJSON: asJSON, text: text)
    }

    private var text: String {
        var rows = [["point", "partitions", "galaxies", "runs", "time of a run"]]
        rows += lines.map { line in
            [
                line.point.path, Numbers.grouped(line.point.partitions), Numbers.grouped(line.galaxies),
                "\(line.point.runs)", Numbers.clock(line.seconds),
            ]
        }
        var text = Columns.text(rows)
        text +=
            "\(Numbers.counted(runs, "run")), \(Numbers.clock(seconds)) in all at \(Decimals.fixed(rate, 1)) "
            + "galaxies/s (\(basis))"
        if let cost { text += ", $\(Decimals.fixed(cost, 4))" }
        return text + "\n"
    }

    private var cost: Double? {
        let costs = lines.compactMap { line in line.cost.map { $0 * Double(line.point.runs) } }
        return costs.isEmpty ? nil : costs.reduce(0, +)
    }

    private var json: JSONValue {
        .object([
            "galaxies_per_s": .number(rate), "runs": .integer(runs), "seconds": .number(seconds),
            "cost_usd": .optional(cost),
            "points": .array(
                lines.map { line in
                    .object([
                        "path": .string(line.point.path), "partition_mb": .integer(line.point.partition),
                        "size": .string(line.point.size), "data_gb": .number(line.point.gigabytes),
                        "batch_size": .integer(line.point.batchSize),
                        "threads": .optional(line.point.threads),
                        "partitions": .integer(line.point.partitions), "galaxies": .integer(line.galaxies),
                        "runs": .integer(line.point.runs), "seconds": .number(line.seconds),
                    ])
                }),
        ])
    }
}
