import Runs

/// The wall time of a run, which does not follow from its ranks' rates.
public struct RunDuration: Sendable, Equatable {
    public enum Source: Sendable, Equatable {
        /// A log beside the tree: its file.
        case log(String)
        /// The run's `summary.json`.
        case summary
        /// `started` and `finished` of its ranks.
        case ranks

        public var text: String {
            switch self {
            case .log(let path): String(path.split(separator: "/").last ?? "")
            case .summary: RunKeys.summaryName
            case .ranks: "clocks of the ranks"
            }
        }
    }

    /// From the start of the run to its end, Initialize and Summarize included; nil where unknown.
    public let total: Double?
    /// From the first rank's start to the last one's end; nil where unknown.
    public let inference: Double?
    public let source: Source

    /// The longest known time, which rates of the run are computed with.
    public var seconds: Double { total ?? inference ?? 0 }
}

extension RunDuration {
    /// Of a `summary.json`; nil where its wall time is not a positive number.
    init?(_ summary: RunReport) {
        guard summary.wallSeconds > 0, summary.wallSeconds.isFinite else { return nil }
        self.init(total: summary.wallSeconds, inference: summary.mapSeconds, source: .summary)
    }

    /// From the first start to the last end; nil where a rank does not record them.
    init?(_ ranks: [RankResult]) {
        let starts = ranks.compactMap(\.started)
        let ends = ranks.compactMap(\.finished)
        guard starts.count == ranks.count, ends.count == ranks.count, let start = starts.min(), let end = ends.max(),
            end > start
        else { return nil }
        self.init(total: nil, inference: end - start, source: .ranks)
    }
}
