/// The tables of a result tree: those of the published system, and similar ones of this program.
public struct ResultTables: Sendable {
    public let groups: [RunGroup]
    public let durations: RunDurations

    public init(_ tree: ResultTree, durations: RunDurations = RunDurations()) {
        groups = tree.groups
        self.durations = durations
    }

    /// A column of numbers: a run's value, and in a group's row the mean.
    private typealias Measure = (column: String, value: @Sendable (Run) -> Double?)

    /// Runs that differ in partition and data size: `result_stats.csv`.
    public var resultStats: ResultTable { table(plain, keys: Self.treeKeys, Self.timeMeasures + Self.storeMeasures) }

    /// Runs of one partition and data size that differ in batch size: `batch_varying_results.csv`, which has no columns
    /// for the former two. One table for each pair of them.
    public var batchVarying: [BatchSet] {
        let batches = groups.filter { if case .batch = $0.key.variation { true } else { false } }
        let sets = Dictionary(grouping: batches) {
            RunGroupKey(partition: $0.key.partition, size: $0.key.size)
        }
        return sets.sorted { RunGroupKey.precedes($0.key, $1.key) }.map { key, groups in
            BatchSet(key: key, table: table(groups, keys: [("batch_size", Self.varied)], Self.timeMeasures))
        }
    }

    /// Batch sizes of one partition and data size.
    public struct BatchSet: Sendable {
        public let key: RunGroupKey
        public let table: ResultTable
    }

    /// Not in the published system: runs that differ in threads.
    public var threadsVarying: ResultTable {
        let threads = groups.filter { if case .threads = $0.key.variation { true } else { false } }
        return table(
            threads, keys: Self.treeKeys + [("threads", Self.varied)],
            Self.timeMeasures + Self.storeMeasures)
    }

    /// Runs with a known duration of the Map, and throughput as bits divided by it: `result_stats_adjusted.csv`.
    public var adjusted: ResultTable {
        let known = plain.compactMap { group -> RunGroup? in
            let runs = group.runs.filter { (inference(of: $0) ?? 0) > 0 }
            return runs.isEmpty ? nil : RunGroup(key: group.key, runs: runs)
        }
        let throughput: Measure = (
            Self.throughputColumn, { run in inference(of: run).map { run.statistics.bits / $0 } }
        )
        let measures = Self.timeMeasures.map { $0.column == throughput.column ? throughput : $0 }
        return table(known, keys: Self.treeKeys, measures + Self.storeMeasures + durationMeasures)
    }

    /// Not in the published system: the wall-time rates of runs, next to the sum of their ranks' rates.
    public var wallClock: ResultTable {
        let known = groups.compactMap { group -> RunGroup? in
            let runs = group.runs.filter { durations.duration(of: $0) != nil }
            return runs.isEmpty ? nil : RunGroup(key: group.key, runs: runs)
        }
        @Sendable func rate(_ run: Run, _ amount: Double) -> Double? {
            durations.duration(of: run).map { amount / $0.seconds }
        }
        let counts: [Key] = [
            ("batch_size", { if case .batch(let size) = $0.variation { .count(size) } else { .none } }),
            ("threads", { if case .threads(let count) = $0.variation { .count(count) } else { .none } }),
        ]
        let amounts: [Measure] = [
            ("ranks", { Double($0.ranks.count) }), ("galaxies", { Double($0.statistics.galaxies) }),
        ]
        let rates: [Measure] = [
            ("galaxies_per_s", { rate($0, Double($0.statistics.galaxies)) }),
            ("bits_per_s", { rate($0, $0.statistics.bits) }),
            ("sum_of_ranks_bps", { $0.statistics.throughput }),
        ]
        return table(known, keys: Self.treeKeys + counts, amounts + durationMeasures + rates)
    }

    private var durationMeasures: [Measure] {
        [
            ("total_duration (s)", { durations.duration(of: $0)?.total }),
            ("inference_duration (s)", { inference(of: $0) }),
        ]
    }

    private var plain: [RunGroup] { groups.filter { $0.key.variation == .none } }

    private func inference(of run: Run) -> Double? { durations.duration(of: run)?.inference }

    /// A column that identifies the group of a row.
    private typealias Key = (column: String, cell: @Sendable (RunGroupKey) -> ResultCell)

    private func table(_ groups: [RunGroup], keys: [Key], _ measures: [Measure]) -> ResultTable {
        let rows = groups.flatMap { group -> [[ResultCell]] in
            let place = keys.map { $0.cell(group.key) }
            let runs = group.runs.map { run in
                place + [Self.runCell(run.key.run)] + measures.map { .rounded($0.value(run)) }
            }
            return runs + [place + [.text("mean")] + measures.map { .rounded(group.mean($0.value)) }]
        }
        return ResultTable(
            columns: keys.map(\.column) + ["run"] + measures.map(\.column), keyCount: keys.count + 1, rows: rows)
    }

    private static func runCell(_ run: String) -> ResultCell { Int(run).map { .count($0) } ?? .text(run) }

    private static let treeKeys: [Key] = [
        ("partition (MB)", { $0.partition.map(partitionCell) ?? .none }), ("data (GB)", { $0.size?.cell ?? .none }),
    ]

    /// 25, not 25.0.
    private static func partitionCell(_ megabytes: Double) -> ResultCell {
        Int(exactly: megabytes).map { .count($0) } ?? .number(megabytes)
    }

    @Sendable private static func varied(_ key: RunGroupKey) -> ResultCell { .count(key.variation.folder.value) }
    private static let throughputColumn = "throughput_bps"

    private static let timeMeasures: [Measure] = [
        ("total_cpu_time (seconds)", { $0.statistics.seconds }), ("total_cpu_memory (MB)", { $0.statistics.memory }),
        (throughputColumn, { $0.statistics.throughput }), ("total_bits", { $0.statistics.bits }),
    ]

    private static let storeMeasures: [Measure] = [
        ("s3_total_time", { $0.statistics.storeTotal }), ("s3_avg_time", { $0.statistics.storeAverage }),
        ("s3_min_time", { $0.statistics.storeShortest }), ("s3_max_time", { $0.statistics.storeLongest }),
    ]
}
