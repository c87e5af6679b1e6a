import Runs

/// How long a run took by the clock on the wall, which its ranks' rates do not tell.
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

    /// From the beginning of the run to its end, Initialize and Summarize included; nil where nobody tells.
    public let total: Double?
    /// From the first rank's start to the last one's end; nil where nobody tells.
    public let inference: Double?
    public let source: Source

    init(total: Double?, inference: Double?, source: Source) {
        self.total = total
        self.inference = inference
        self.source = source
    }

    /// From the first start to the last end; nil where a rank does not tell.
    init?(_ ranks: [RankRecord]) {
        let starts = ranks.compactMap(\.started)
        let ends = ranks.compactMap(\.finished)
        guard starts.count == ranks.count, ends.count == ranks.count, let start = starts.min(), let end = ends.max(),
            end > start
        else { return nil }
        self.init(total: nil, inference: end - start, source: .ranks)
    }

    /// The longest that is known: what an honest rate divides by.
    public var seconds: Double { total ?? inference ?? 0 }
}
