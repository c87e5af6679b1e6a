import Platform

/// The sections of a page about one run: its numbers, its ranks, its calls to the store.
public struct RunSections: Sendable {
    public let sections: [PageSection]

    /// - Parameter duration: wall time; nil where unknown.
    public init(_ run: Run, duration: RunDuration?) {
        let figures = RankFigures(run)
        var ranks: [PageSection.Item] = [.facts(Self.facts(run, duration))]
        if duration == nil {
            ranks.append(
                .note(
                    "Wall time unknown. The sum of the ranks' rates is the published throughput, and no rate of the run: "
                        + "ranks need not have run at once."))
        }
        ranks.append(.figures([figures.ranks]))
        var sections = [PageSection("Ranks", ranks)]
        if let store = figures.store {
            sections.append(
                PageSection("Calls to the store", id: "store", [.table(Self.storeTable(run)), .figures([store])]))
        }
        self.sections = sections
    }

    static func facts(_ run: Run, _ duration: RunDuration?) -> [PageFact] {
        let statistics = run.statistics
        var facts = [
            PageFact("galaxies", Decimals.grouped(statistics.galaxies)),
            PageFact("ranks", Decimals.grouped(statistics.ranks)),
        ]
        if let duration {
            facts += [
                PageFact("wall time", Self.seconds(duration.seconds), detail: "from \(duration.source.text)"),
                PageFact(
                    "galaxies/s", Decimals.shortest(Double(statistics.galaxies) / duration.seconds, digits: 4),
                    detail: "of wall time"),
                PageFact("throughput", Self.megabits(statistics.bits / duration.seconds), detail: "bits by wall time"),
            ]
        }
        facts += [
            PageFact(
                "sum of ranks", Self.megabits(statistics.throughput), detail: "published formula, no rate of the run"),
            PageFact(
                "time of a rank", Self.seconds(statistics.seconds),
                detail: "mean without outliers; longest \(Self.seconds(statistics.longest))"),
        ]
        return facts
    }

    private static func storeTable(_ run: Run) -> PageTable {
        let statistics = run.statistics
        let requests = run.ranks.compactMap { $0.store?.requests }.reduce(0, +)
        func cell(_ value: Double?) -> String { value.map { Decimals.shortest($0, digits: 4) } ?? "" }
        return PageTable(
            caption: "Seconds in calls to the store",
            columns: [
                .init("calls"), .init("sum (s)"), .init("mean (s)"), .init("shortest (s)"), .init("longest (s)"),
            ],
            rows: [
                [
                    Decimals.grouped(requests), cell(statistics.storeTotal), cell(statistics.storeAverage),
                    cell(run.ranks.compactMap { $0.store?.shortest }.min()),
                    cell(run.ranks.compactMap { $0.store?.longest }.max()),
                ]
            ])
    }

    static func seconds(_ value: Double) -> String { Decimals.shortest(value, digits: 4) + " s" }
    static func megabits(_ bits: Double) -> String { Decimals.shortest(bits / 1e6, digits: 4) + " Mbit/s" }
}
