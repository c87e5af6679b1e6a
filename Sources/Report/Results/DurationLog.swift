import Platform

/// Wall times of runs, from a table beside a tree. Two layouts are read:
///
/// - `state_machine_logs.csv`: `data (GB)`, `batch_size`, `run`, `partition (MB)`, `total_duration (s)`,
///   `inference_duration (s)`, `batch_varying`: the whole execution and its Map;
/// - `total_execution_time.csv`: `partition(MB)`, `data(GB)`, `run`, `num_worlds`, `duration` as `mm:ss.mmm`.
///
/// Columns are found by their names, without spaces.
public struct DurationLog: Sendable {
    public struct Entry: Sendable, Equatable {
        public let duration: RunDuration
        /// The number of ranks in the log.
        public let ranks: Int?
        public let line: Int
    }

    public let name: String
    public private(set) var entries: [RunKey: Entry] = [:]

    /// - Throws: `Failure` naming the file, the line and the column.
    public init(csvFile path: String) throws(Failure) {
        try self.init(csv: try FileBytes.read(path), name: path)
    }

    init(csv bytes: [UInt8], name: String) throws(Failure) {
        self.name = name
        let table = try NamedColumns(csv: bytes, name: name, spaces: false)
        let isLog = table.columns.contains("total_duration(s)")
        for row in table.rows {
            let partition = try row.number("partition(MB)", unit: "MB")
            let size = DataSize(cell: try row.text("data(GB)"))
            var group = RunGroupKey(partition: partition, size: size)
            let total: Double
            var inference: Double?
            var ranks: Int?
            if isLog {
                if table.columns.contains("batch_varying"), try row.text("batch_varying").lowercased() == "true" {
                    group.variation = .batch(try row.count("batch_size"))
                }
                total = try row.number("total_duration(s)")
                inference = try row.number("inference_duration(s)")
            } else {
                guard let seconds = Self.seconds(try row.text("duration")) else {
                    throw row.error("duration", expected: "a time as 01:07.390")
                }
                total = seconds
                if table.columns.contains("num_worlds") { ranks = try row.count("num_worlds") }
            }
            guard total > 0 else {
                throw row.error(isLog ? "total_duration(s)" : "duration", expected: "more than 0 seconds")
            }
            let key = RunKey(group: group, run: try row.text("run"))
            let duration = RunDuration(total: total, inference: inference, source: .log(name))
            let entry = Entry(duration: duration, ranks: ranks, line: row.line)
            if let other = entries.updateValue(entry, forKey: key) {
                throw Failure("\(name): line \(row.line): run \(key.run) of \(group.text) is on line \(other.line) too")
            }
        }
    }

    /// `07.5`, `01:07.39` and `1:01:07.39`.
    static func seconds(_ text: String) -> Double? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count) else { return nil }
        var seconds = 0.0
        for (index, part) in parts.enumerated() {
            guard part.first?.isNumber == true, let value = Double(part), value.isFinite,
                index == parts.count - 1 || value == value.rounded()
            else { return nil }
            seconds = seconds * 60 + value
        }
        return seconds
    }
}

/// The durations of runs from several sources.
public struct RunDurations: Sendable {
    /// The first log with a run takes precedence.
    public let logs: [DurationLog]

    public init(_ logs: [DurationLog] = []) { self.logs = logs }

    /// The duration of a log, else of the run itself. Where a log has no inference time, it is taken from another
    /// source.
    public func duration(of run: Run) -> RunDuration? {
        let known = logs.compactMap { $0.entries[run.key]?.duration }
        return known.first { $0.inference != nil } ?? known.first ?? run.ownDuration
    }

    /// The ranks of a run by a log.
    func ranks(of run: Run) -> Int? { logs.lazy.compactMap { $0.entries[run.key]?.ranks }.first }
}
