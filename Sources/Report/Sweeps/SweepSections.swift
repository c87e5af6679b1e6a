import Platform

/// The sections of a tree's sweeps; nil for sweeps that it does not have.
struct SweepSections {
    let figures: SweepFigures

    private static let sumCaption =
        "The published formula: rates of ranks, summed as if all had run at once. No rate of the run."

    var dataSize: PageSection? {
        guard figures.isThere(.rankSeconds, by: .dataSize) else { return nil }
        return PageSection(
            "Time and throughput by data size", id: "data-size",
            [
                .figures(
                    figures.pair(
                        .rankSeconds, by: .dataSize,
                        caption: "Computing time of a rank, outliers beyond 1.5 IQR dropped.")),
                .figures(figures.pair(.sumOfRanks, by: .dataSize, caption: Self.sumCaption)),
                .table(table(.dataSize)),
            ])
    }

    var wallClock: PageSection? {
        guard figures.isThere(.wallSeconds, by: .dataSize) else { return nil }
        return PageSection(
            "Wall-clock time", id: "wall-clock",
            [
                .text(
                    "From a run's beginning to its end, all its ranks and what lies between them. This is what a user waits "
                        + "for, and what costs are made of; ranks of one machine run one after another."),
                .figures(figures.pair(.wallSeconds, by: .dataSize)),
                .figures(figures.pair(.wallRate, by: .dataSize)),
                .figures(
                    [.linear, .logarithmic].map { figures.wallBesideSum(by: .dataSize, $0, caption: besideCaption) }),
            ])
    }

    private let besideCaption =
        "Bits of galaxies by wall time, and the published formula, which sums the rates of ranks as if all had run at "
        + "once: where they run one after another it overstates by their number."

    var batchSize: PageSection? {
        guard figures.isThere(.rankSeconds, by: .batchSize) else { return nil }
        var items: [PageSection.Item] = [
            .figures(figures.pair(.rankSeconds, by: .batchSize)),
            .figures(figures.pair(.sumOfRanks, by: .batchSize, caption: Self.sumCaption)),
            .figures(
                figures.pair(
                    .workerRate, by: .batchSize,
                    caption: "Galaxies of all ranks by their computing time, outliers included.")),
        ]
        if figures.isThere(.wallRate, by: .batchSize) {
            items.append(.figures(figures.pair(.wallRate, by: .batchSize)))
        }
        return PageSection("Time and throughput by batch size", id: "batch-size", items + [.table(table(.batchSize))])
    }

    var threads: PageSection? {
        guard figures.isThere(.workerRate, by: .threads) else { return nil }
        let quantity: SweepQuantity = figures.isThere(.wallRate, by: .threads) ? .wallRate : .workerRate
        let curves = figures.own(quantity, by: .threads)
        // The rates that follow from the first point if threads scale perfectly.
        let ideal = curves.first.flatMap { curve -> Guide? in
            guard let first = curve.points.first, let last = curve.points.last, first.x < last.x else { return nil }
            return Guide("in proportion", [(first.x, first.y), (last.x, first.y * last.x / first.x)])
        }
        let scaling = figures.figure(
            curves, beside: [], quantity, by: .threads, .linear, guide: ideal,
            caption: "The dashed line goes up in proportion to threads from the first point.")
        return PageSection(
            "Threads",
            [.figures([scaling, figures.figure(.rankSeconds, by: .threads, .linear)]), .table(table(.threads))])
    }

    var store: PageSection? {
        let groups = figures.groups.filter { $0.mean(\.statistics.storeAverage) != nil }
        guard !groups.isEmpty else { return nil }
        func cell(_ value: Double?) -> String { value.map { Decimals.shortest($0, digits: 3) } ?? "" }
        return PageSection(
            "Calls to the store, run by run", id: "store-times",
            [
                .table(
                    PageTable(
                        caption: "Means of runs; sum over the ranks, the other three averaged over them",
                        columns: [
                            .init("runs of", .text), .init("sum (s)"), .init("mean (s)"), .init("shortest (s)"),
                            .init("longest (s)"),
                        ],
                        rows: groups.map { group in
                            [
                                group.key.text, cell(group.mean(\.statistics.storeTotal)),
                                cell(group.mean(\.statistics.storeAverage)),
                                cell(group.mean(\.statistics.storeShortest)),
                                cell(group.mean(\.statistics.storeLongest)),
                            ]
                        }))
            ])
    }

    /// Means of the groups of a sweep.
    private func table(_ variable: SweepVariable) -> PageTable {
        let groups = figures.groups.filter { variable.value(of: $0.key) != nil }
        func cell(_ group: RunGroup, _ quantity: SweepQuantity) -> String {
            group.mean { quantity.value(of: $0, figures.durations.duration(of: $0)) }
                .map { Decimals.shortest($0, digits: 4) } ?? ""
        }
        let numbers: [(title: String, cell: (RunGroup) -> String)] = [
            ("runs", { "\($0.runs.count)" }),
            ("ranks", { Notation.counts($0.runs.map(\.ranks.count)) }),
            ("time of a rank (s)", { cell($0, .rankSeconds) }), ("wall time (s)", { cell($0, .wallSeconds) }),
            ("galaxies/s, wall", { cell($0, .wallRate) }), ("galaxies/s, one worker", { cell($0, .workerRate) }),
            ("Mbit/s, sum of ranks", { cell($0, .sumOfRanks) }),
        ]
        // Empty columns are left out.
        let columns = numbers.filter { column in groups.contains { !column.cell($0).isEmpty } }
        return PageTable(
            caption: "Means of runs, and the ranks of each run",
            columns: [.init("runs of", .text)] + columns.map { .init($0.title) },
            rows: groups.map { group in [group.key.text] + columns.map { $0.cell(group) } })
    }
}
