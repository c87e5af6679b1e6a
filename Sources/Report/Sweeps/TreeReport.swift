import Platform
import Runs

/// The sections of a page about a tree of runs: times and throughput by data size, batch size and threads, the ranks of
/// its largest run, calls to the store, and the limitations of the data.
public struct TreeReport: Sendable {
    public let sections: [PageSection]
    /// One line below the title.
    public let lead: String

    /// - Parameters:
    ///   - references: reference measurements, drawn next to the runs.
    ///   - setup: the tree's `experiment.json`.
    ///   - planned: a number of galaxies, whose time at the best rate is stated; nil for none.
    public init(
        _ tree: ResultTree, durations: RunDurations = RunDurations(), references: [ReferenceMeasurement] = [],
        setup: ExperimentSetup? = nil, planned: Int? = nil
    ) {
        let figures = SweepFigures(
            groups: tree.groups, durations: durations, references: references, label: setup?.label ?? "this tree")
        let sweeps = SweepSections(figures: figures)
        let caveats = Caveats(tree, durations: durations)
        lead = Self.lead(tree)
        var sections = [Self.overview(tree, durations, references, setup, planned: planned)]
        sections += [sweeps.dataSize, sweeps.wallClock, sweeps.batchSize, sweeps.threads].compactMap(\.self)
        // The first of equal runs, so that the same tree gives the same page.
        if let largest = tree.runs.max(by: { $0.ranks.count < $1.ranks.count }) {
            sections += RunSections(largest, duration: durations.duration(of: largest)).sections.map { section in
                PageSection(
                    section.title, id: section.id,
                    [.text("Run \(largest.key.run) of \(largest.key.group.text), which has the most ranks.")]
                        + section.items)
            }
        }
        if let store = sweeps.store { sections.append(store) }
        if !caveats.all.isEmpty { sections.append(Self.doubts(caveats)) }
        self.sections = sections
    }

    private static func lead(_ tree: ResultTree) -> String {
        let ranks = tree.runs.reduce(0) { $0 + $1.ranks.count }
        let galaxies = tree.runs.reduce(0) { $0 + $1.statistics.galaxies }
        return "\(Decimals.grouped(tree.runs.count)) runs of \(Decimals.grouped(ranks)) ranks in all, which computed "
            + "\(Decimals.grouped(galaxies)) galaxies."
    }

    private static func overview(
        _ tree: ResultTree, _ durations: RunDurations, _ references: [ReferenceMeasurement], _ setup: ExperimentSetup?,
        planned: Int?
    ) -> PageSection {
        var items: [PageSection.Item] = []
        let rated = tree.runs.compactMap { run -> (run: Run, rate: Double)? in
            durations.duration(of: run).map { (run, Double(run.statistics.galaxies) / $0.seconds) }
        }
        if let best = rated.max(by: { $0.rate < $1.rate }) {
            items.append(.facts(Self.best(best.run, rate: best.rate, planned: planned)))
        } else {
            items.append(
                .note(
                    "The wall time of no run is known: rates of ranks are shown, and their sums as published, which are no "
                        + "rates of runs."))
        }
        if let machine = setup?.machineText { items.append(.text("Ran on: \(machine).")) }
        if let program = setup?.programText { items.append(.text("Computed with: \(program).")) }
        if setup?.isRepeated == true {
            items.append(
                .text(
                    "Galaxies were repeated where they did not suffice: what is read again comes from the system's cache and "
                        + "not from the disk."))
        }
        if !references.isEmpty {
            let hardware = references.map(\.hardware).reduce(into: [String]()) { all, name in
                if !all.contains(name) { all.append(name) }
            }
            items.append(
                .text(
                    "Numbers of others are drawn beside these, labelled with their hardware: "
                        + "\(hardware.joined(separator: "; "))."))
        }
        items.append(
            .text(
                "Points are means over runs, bars reach from the least to the most of them. 1 GB is 10\u{2079} bytes; a galaxy has "
                    + "20,520 bytes of image and magnitudes."))
        return PageSection("Overview", items)
    }

    /// A line for each statement: how many times it is true, and where first.
    private static func doubts(_ caveats: Caveats) -> PageSection {
        PageSection(
            "Limits of these data", id: "doubts",
            Caveats.Kind.allCases.flatMap { kind -> [PageSection.Item] in
                let groups = caveats.groups.filter { $0.kind == kind }
                guard !groups.isEmpty else { return [] }
                return [.heading(kind.title)]
                    + groups.map { group in
                        .text(
                            group.text(inTree) + (group.count > 1 ? ". 'cai stats --json' names all." : "."))
                    }
            })
    }

    /// The best rate by wall-clock time.
    /// - Parameters:
    ///   - rate: galaxies per second of wall time.
    ///   - planned: a number of galaxies, whose time at that rate is stated; nil for none.
    static func best(_ run: Run, rate: Double, planned: Int?) -> [PageFact] {
        [PageFact("best rate", "\(Decimals.shortest(rate, digits: 4)) galaxies/s", detail: run.key.group.text)]
            + ((rate > 0 ? planned : nil).map { galaxies in
                [
                    PageFact(
                        PredictionReport.counted(galaxies), RunSections.seconds(Double(galaxies) / rate),
                        detail: "at that rate")
                ]
            } ?? [])
    }

    /// A folder's path in the tree, where it can be derived.
    public static func inTree(_ place: String) -> String {
        let parts = place.split(separator: "/", omittingEmptySubsequences: false)
        let first = parts.firstIndex { $0.hasPrefix("result-partition-") } ?? max(0, parts.count - 1)
        return parts[first...].joined(separator: "/")
    }
}
