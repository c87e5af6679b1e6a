import Platform
import Runs

/// Limitations of a result tree's data, one line each with the reason.
public struct Caveats: Sendable {
    /// The kind of limitation, most severe first.
    public enum Kind: String, Sendable, Encodable, CaseIterable {
        case listingLimit = "listing_limit"
        case missingRanks = "missing_ranks"
        case repeated
        case mixedRuns = "mixed_runs"
        case noResults = "no_results"
        case mislabelled
        case wallTime = "wall_time"
        case stragglers
        case unusedDurations = "unused_durations"

        /// In a few words.
        public var title: String {
            switch self {
            case .listingLimit: "Listings that may be cut off"
            case .missingRanks: "Missing ranks"
            case .repeated: "Ranks or partitions more than once"
            case .mixedRuns: "Runs that may be mixed up"
            case .noResults: "Runs without results"
            case .mislabelled: "Runs that are not what their folder says"
            case .wallTime: "Wall time"
            case .stragglers: "Ranks that a mean does not show"
            case .unusedDurations: "Durations of other runs"
            }
        }
    }

    /// A limitation to know before a number is quoted.
    public struct Caveat: Sendable, Equatable, Encodable {
        public let kind: Kind
        /// Folders of runs, or a file.
        public let place: String
        public let text: String
    }

    /// By kind.
    public var all: [Caveat] { Kind.allCases.flatMap { kind in found.filter { $0.kind == kind } } }
    private var found: [Caveat] = []

    public init(_ tree: ResultTree, durations: RunDurations = RunDurations()) {
        let unknown = tree.runs.filter { durations.duration(of: $0) == nil }
        if !unknown.isEmpty {
            let runs = "\(unknown.count) of \(tree.runs.count) runs"
            add(
                .wallTime, Self.named(unknown.map(\.folder), most: 1),
                "wall time of \(runs) unknown: throughput_bps sums the rates of ranks, which need not have run at once, and "
                    + "is not the rate of a run")
        }
        for run in tree.runs { addRun(run, durations, isRepeated: tree.isRepeated(run)) }
        for group in tree.groups { addGroup(group) }
        for folder in tree.empty { add(.noResults, folder, "no \(RunKeys.combinedName): not finished, or not fetched") }
        let keys = Set(tree.runs.map(\.key))
        for log in durations.logs {
            let others = log.entries.keys.count { !keys.contains($0) }
            if others > 0 {
                add(
                    .unusedDurations, log.name,
                    "\(others) of \(log.entries.count) rows are of runs that the trees do not hold")
            }
        }
    }

    /// The most results in a listing of the published system.
    static let listingLimit = 1000

    private mutating func add(_ kind: Kind, _ place: String, _ text: String) {
        found.append(Caveat(kind: kind, place: place, text: text))
    }

    /// - Parameter isRepeated: whether the run computed galaxies more than once on purpose.
    private mutating func addRun(_ run: Run, _ durations: RunDurations, isRepeated: Bool) {
        let ranks = run.ranks
        if ranks.count == Self.listingLimit {
            add(
                .listingLimit, run.folder,
                "exactly 1000 results: the published system lists no more, so that others may be missing")
        }
        addRankNumbers(run)
        if let expected = durations.ranks(of: run), expected != ranks.count {
            add(.missingRanks, run.folder, "\(ranks.count) results of \(expected) ranks that the log names")
        }
        let doubled = Self.doubled(ranks.flatMap(\.dataPaths))
        if !doubled.isEmpty, !isRepeated {
            let keys = "\(doubled.count) \(doubled.count == 1 ? "partition" : "partitions")"
            add(
                .repeated, run.folder,
                "\(keys) computed more than once (repeated data, or two runs in one): \(Self.named(doubled))")
        }
        let runs = Set(ranks.compactMap(\.runID))
        if runs.count > 1 { add(.mixedRuns, run.folder, "results of \(runs.count) runs: \(Self.named(runs.sorted()))") }
        let paths = Set(ranks.compactMap(\.resultPath))
        if paths.count > 1 {
            add(.mixedRuns, run.folder, "results written to \(paths.count) places: \(Self.named(paths.sorted()))")
        }
        let idle = ranks.count { $0.galaxies == 0 }
        if idle > 0 {
            add(.stragglers, run.folder, "\(idle) of \(ranks.count) ranks had no galaxies: their times are in the mean")
        }
        addVariation(run)
        addVolume(run)
        addStragglers(run)
        if let duration = durations.duration(of: run), duration.seconds < run.statistics.longest {
            add(
                .wallTime, run.folder,
                "wall time \(Self.seconds(duration.seconds)) (\(duration.source.text)) is shorter than its slowest rank's "
                    + "\(Self.seconds(run.statistics.longest)): it is of another run, or the rank's is not a wall time")
        }
    }

    private mutating func addRankNumbers(_ run: Run) {
        let numbers = run.ranks.compactMap(\.rank)
        let doubled = Self.doubled(numbers.map(String.init))
        if !doubled.isEmpty { add(.repeated, run.folder, "ranks that are there twice: \(Self.named(doubled))") }
        guard let world = run.ranks.compactMap(\.worldSize).max(), numbers.count == run.ranks.count else { return }
        let present = Set(numbers)
        // A world size comes from a file: the search ends with the names that are shown.
        let missing = world - present.count { $0 < world }
        guard missing > 0 else { return }
        let named = (0..<world).lazy.filter { !present.contains($0) }.prefix(6).map(String.init)
        add(
            .missingRanks, run.folder,
            "\(missing) of \(world) ranks are missing: \(Self.named(Array(named), of: missing))")
    }

    /// Ranks whose batch size or threads differ from the folder's.
    private mutating func addVariation(_ run: Run) {
        switch run.key.group.variation {
        case .none:
            let sizes = Set(run.ranks.map(\.batchSize))
            if sizes.count > 1 {
                add(
                    .mislabelled, run.folder,
                    "ranks of different batch sizes: \(Self.named(sizes.sorted().map(String.init)))")
            }
        case .batch(let size):
            let others = run.ranks.count { $0.batchSize != size }
            if others > 0 {
                add(
                    .mislabelled, run.folder,
                    "\(others) of \(run.ranks.count) ranks say another batch size than \(size)")
            }
        case .threads(let count):
            let others = run.ranks.count { $0.threads != nil && $0.threads != count }
            if others > 0 {
                add(.mislabelled, run.folder, "\(others) of \(run.ranks.count) ranks say other threads than \(count)")
            }
        }
    }

    /// Sizes are nominal (11 files of 100 MB, 1.15 GB, are 1 GB), so a quarter is tolerated.
    private mutating func addVolume(_ run: Run) {
        guard let size = run.key.group.size else { return }
        guard let gigabytes = size.gigabytes else {
            add(
                .mislabelled, run.folder,
                "\"\(size.name)\" is not a data size: its runs have rows in tables, and are not drawn on an axis")
            return
        }
        let actual = Double(run.statistics.galaxies) * RankResult.bitsPerGalaxy / 8e9
        guard abs(actual / gigabytes - 1) > 0.25 else { return }
        add(
            .mislabelled, run.folder,
            "its ranks had \(Decimals.shortest(actual, digits: 3)) GB of galaxies, not the \(size.text) of its name")
    }

    /// A run ends with its slowest rank, which the mean may have dropped as an outlier.
    private mutating func addStragglers(_ run: Run) {
        let statistics = run.statistics
        guard statistics.longest > 2 * statistics.seconds else { return }
        let slow = run.ranks.count { $0.seconds > 2 * statistics.seconds }
        add(
            .stragglers, run.folder,
            "\(slow) of \(run.ranks.count) ranks took more than twice the mean of \(Self.seconds(statistics.seconds)), up to "
                + "\(Self.seconds(statistics.longest)): the run waits for them, the mean does not show them")
    }

    private mutating func addGroup(_ group: RunGroup) {
        let counts = group.runs.map(\.ranks.count)
        if Set(counts).count > 1 {
            let named = zip(group.runs, counts).map { "run \($0.key.run) \($1)" }
            add(
                .missingRanks, Self.place(of: group),
                "runs of different numbers of ranks: \(named.joined(separator: ", "))")
        }
        for (index, run) in group.runs.enumerated() {
            guard let span = Self.storeSpan(run) else { continue }
            for other in group.runs[..<index] where Self.storeSpan(other)?.overlaps(span) == true {
                add(
                    .mixedRuns, Self.place(of: group),
                    "runs \(other.key.run) and \(run.key.run) called the store at the same time: they shared what it gave, "
                        + "and may hold each other's ranks")
            }
        }
    }

    /// The times of the first and the last call to the store.
    private static func storeSpan(_ run: Run) -> ClosedRange<Double>? {
        let starts = run.ranks.compactMap { $0.store?.firstRequest }
        let ends = run.ranks.compactMap { $0.store?.lastResponse }
        guard let start = starts.min(), let end = ends.max(), start > 0, start < end else { return nil }
        return start...end
    }

    /// The folder above a group's runs.
    private static func place(of group: RunGroup) -> String {
        guard let folder = group.runs.first?.folder, let slash = folder.lastIndex(of: "/") else {
            return group.key.text
        }
        return String(folder[..<slash])
    }

    private static func doubled(_ values: [String]) -> [String] {
        var counts: [String: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        return counts.filter { $0.value > 1 }.keys.sorted()
    }

    /// The first names, and how many more there are.
    private static func named(_ names: [String], of count: Int? = nil, most: Int = 5) -> String {
        let (shown, count) = (names.prefix(most), count ?? names.count)
        return shown.joined(separator: ", ") + (count > shown.count ? " and \(count - shown.count) more" : "")
    }

    private static func seconds(_ value: Double) -> String { Decimals.fixed(value, 2) + " s" }
}
