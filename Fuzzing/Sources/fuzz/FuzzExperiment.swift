import Runs

@testable import Experiment
@testable import Platform
@testable import Report

extension FuzzTarget {
    /// `experiment.json` of a tree that is resumed or extended, and the results of a run in it. An accepted record can
    /// be written and read again, has no paths outside the tree, and has a plan of bounded size.
    static let experiment = FuzzTarget(
        "experiment", maximumLength: 4096,
        seeds: {
            let record = try own(runs: 2).encoded()
            func rank(_ number: Int, _ galaxies: Int) -> String {
                "{\"rank\":\(number),\"num_samples\":\(galaxies),\"batch_size\":512,\"total_cpu_time (seconds)\":1,"
                    + "\"total_cpu_memory (MB)\":1,\"throughput_bps\":1}"
            }
            let ranks = "[\(rank(0, 1278)),\(rank(1, 9))]"
            let other = String(decoding: record, as: UTF8.self)
            return [
                Sections.joined(other, ranks), record,
                Sections.joined(
                    other.replacing(
                        "\"runs\" : [\n\n  ]",
                        with:
                            "\"runs\":[{\"path\":\"result-partition-25MB/50MB/1\",\"started\":1,\"finished\":2,\"wall_s\":1,"
                            + "\"galaxies\":9,\"galaxies_per_s\":9}],\"underway\":{\"path\":\"p\",\"execution\":\"arn\"}"
                    ), "[]"),
            ]
        },
        run: { bytes in
            let sections = Sections.split(bytes)
            Promise.refusal {
                let record = try ExperimentRecord(json: sections[0], name: "input")
                let again = try ExperimentRecord(json: try record.encoded(), name: "written")
                Promise.keep(again == record, "the written record is read differently")
                _ = try JSONFile.decode(ExperimentSetup.self, sections[0], name: "input")
                let runs = record.plan.runs
                Promise.keep(
                    runs.count <= 100_000 && Set(runs.map(\.path)).count == runs.count, "runs twice, or too many")
                Promise.keep(
                    record.pending.allSatisfy { run in runs.count > 100 || runs.contains(run) }, "another plan's runs")
                for run in runs.prefix(100) {
                    let parts = run.path.split(separator: "/", omittingEmptySubsequences: false)
                    Promise.keep(
                        parts[0].hasPrefix("result-partition-") && parts.allSatisfy { !["", ".", ".."].contains($0) }
                            && !run.path.utf8.contains(0), "a run is outside the tree: \(run.path)")
                    guard sections.count > 1 else { continue }
                    Promise.refusal {
                        Promise.keep(
                            try RunCheck(sections[1], of: run.point, name: run.path).galaxies >= 0, "fewer than none")
                    }
                }
                Promise.keep(
                    try record.continued(as: record, .resume, tree: "t") == record, "the resumed record differs")
                for continuation in [ExperimentContinuation.resume, .extend] {
                    Promise.refusal {
                        let planned = try own(runs: 1)
                        let extended = try record.continued(as: planned, continuation, tree: "t")
                        Promise.keep(extended.runs == record.runs, "runs are lost")
                        let paths = Set(extended.points.map(\.path))
                        Promise.keep(planned.points.allSatisfy { paths.contains($0.path) }, "points are lost")
                        Promise.keep(record.points.allSatisfy { paths.contains($0.path) }, "earlier points are lost")
                    }
                }
            }
        })

    private static func own(runs: Int) throws -> ExperimentRecord {
        guard let size = DataVolume("50MB") else { throw Failure("no size") }
        let plan = try ExperimentPlan(
            sweeps: [.threads([1, 2])],
            defaults: ExperimentDefaults(size: size, batchSize: 512, partition: 25, threads: 2),
            runs: runs, isGrid: false)
        return ExperimentRecord(
            cai: .init(version: "1", commit: nil), machine: ExperimentMachine(),
            weights: .init(name: "w", sha256: "00"),
            inputs: [.init(name: "a.pt", galaxies: 37)], isRepeated: true, keepsPredictions: false, isWarmedUp: false,
            points: plan.points)
    }
}
