import Platform
import Report

/// The means of a result tree and remarks on them, as text.
struct StatsText {
    let tree: ResultTree
    let tables: ResultTables
    let caveats: Caveats

    var text: String {
        let ranks = tree.runs.reduce(0) { $0 + $1.ranks.count }
        var text = "\(Numbers.counted(tree.runs.count, "run")), \(Numbers.counted(ranks, "rank"))\n"
        text += Columns.text(
            [["mean of runs", "runs", "ranks", "rank's time s", "sum of ranks Mbit/s"]]
                + tables.groups.map { group in
                    [
                        group.key.text, "\(group.runs.count)", Self.ranks(of: group),
                        Self.number(group.mean(\.statistics.seconds), 2),
                        Self.number(group.mean(\.statistics.throughput).map { $0 / 1e6 }, 1),
                    ]
                }, margin: "  ")
        text += wallClock
        if !caveats.all.isEmpty {
            text += "\nWhat these data cannot support\n"
            for kind in Caveats.Kind.allCases {
                let caveats = caveats.all.filter { $0.kind == kind }
                text += caveats.prefix(Self.mostOfAKind).map { "  \($0.place): \($0.text)\n" }.joined()
                let more = caveats.count - Self.mostOfAKind
                if more > 0 { text += "    and \(more) more like this; --json names them\n" }
            }
        }
        return text.printableLines
    }

    private static let mostOfAKind = 4

    /// What was achieved by the clock on the wall, run by run.
    private var wallClock: String {
        let durations = tables.durations
        let known = tree.runs.compactMap { run in durations.duration(of: run).map { (run, $0) } }
        guard !known.isEmpty else { return "" }
        return "\n"
            + Columns.text(
                [["wall clock", "run", "galaxies", "s", "galaxies/s", "Mbit/s", "from"]]
                    + known.map { run, duration in
                        [
                            run.key.group.text, run.key.run, Numbers.grouped(run.statistics.galaxies),
                            Self.number(duration.seconds, 2),
                            Self.number(Double(run.statistics.galaxies) / duration.seconds, 1),
                            Self.number(run.statistics.bits / duration.seconds / 1e6, 1), duration.source.text,
                        ]
                    }, texts: [0, 6], margin: "  ")
    }

    /// 41, or 40-41 where runs differ.
    private static func ranks(of group: RunGroup) -> String {
        let counts = group.runs.map(\.ranks.count)
        guard let least = counts.min(), let most = counts.max() else { return "" }
        return least == most ? "\(least)" : "\(least)-\(most)"
    }

    private static func number(_ value: Double?, _ decimals: Int) -> String {
        value.map { Decimals.grouped($0, decimals) } ?? ""
    }

}

extension String {
    /// Lines of which none holds what a terminal would obey.
    var printableLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
    }
}
