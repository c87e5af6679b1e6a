import Platform

extension ResultTables {
    /// A table with the name of its file.
    public struct File: Sendable {
        public let name: String
        public let table: ResultTable
    }

    /// All tables with rows. The published system's batch table has no column for partition and data size: where
    /// there is more than one pair of them, the file names contain both.
    public var files: [File] {
        let batches = batchVarying
        let sets = batches.map { set in
            File(name: batches.count == 1 ? "batch_varying_results.csv" : Self.name(of: set), table: set.table)
        }
        let all =
            [File(name: "result_stats.csv", table: resultStats)] + sets + [
                File(name: "threads_varying_results.csv", table: threadsVarying),
                File(name: "result_stats_adjusted.csv", table: adjusted),
                File(name: "wall_clock_results.csv", table: wallClock),
            ]
        return all.filter { !$0.table.rows.isEmpty }
    }

    /// `batch_varying_results_25MB_1GB.csv`
    private static func name(of set: BatchSet) -> String {
        let parts = [
            set.key.partition.map { Decimals.shortest($0, digits: 6) + "MB" },
            set.key.size.map { $0.gigabytes == nil ? $0.name : $0.text.filter { $0 != " " } },
        ]
        return "batch_varying_results_" + parts.compactMap(\.self).joined(separator: "_") + ".csv"
    }
}
