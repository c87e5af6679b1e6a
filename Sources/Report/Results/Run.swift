import FoundationEssentials
import Platform
import Runs

/// One run of a result tree: its key in the tree, and its ranks' results.
public struct Run: Sendable {
    public let key: RunKey
    public let folder: String
    /// In the file's order.
    public let ranks: [RankResult]
    public let statistics: RunStatistics
    /// Its duration by `summary.json`, else by its ranks' clocks; nil where neither has it.
    public let ownDuration: RunDuration?

    /// Reads a run's folder: `combined_data.json`, and `summary.json` where there is one.
    /// - Throws: `Failure` naming the file, and the rank and the key where there are any.
    public init(folder: String, key: RunKey) throws(Failure) {
        let (combined, summary) = (folder + "/" + RunKeys.combinedName, folder + "/" + RunKeys.summaryName)
        var summed: (bytes: [UInt8], name: String)?
        if FileManager.default.fileExists(atPath: summary) { summed = (try FileBytes.read(summary), summary) }
        try self.init(combined: try FileBytes.read(combined), name: combined, summary: summed, folder: folder, key: key)
    }

    /// A run outside of a tree, from the bytes of its files.
    /// - Parameters:
    ///   - combined, name: `combined_data.json`, and its name in errors.
    ///   - summary: `summary.json` with its name; nil where there is none.
    /// - Throws: `Failure` naming the file, and the rank and the key where there are any.
    public init(combined: [UInt8], name: String, summary: (bytes: [UInt8], name: String)? = nil) throws(Failure) {
        let key = RunKey(group: RunGroupKey(partition: nil, size: nil), run: "")
        try self.init(combined: combined, name: name, summary: summary, folder: name, key: key)
    }

    private init(
        combined: [UInt8], name: String, summary: (bytes: [UInt8], name: String)?, folder: String, key: RunKey
    ) throws(Failure) {
        let ranks = try RankResult.read(combined, name: name)
        guard !ranks.isEmpty else { throw Failure("\(name): expected the results of ranks, found an empty array") }
        var summed: RunReport?
        if let summary { summed = try JSONFile.decode(RunReport.self, summary.bytes, name: summary.name) }
        self.init(key: key, folder: folder, ranks: ranks, summary: summed)
    }

    init(key: RunKey, folder: String, ranks: [RankResult], summary: RunReport? = nil) {
        self.key = key
        self.folder = folder
        self.ranks = ranks
        statistics = RunStatistics(ranks)
        ownDuration = summary.flatMap(RunDuration.init) ?? RunDuration(ranks)
    }
}

/// The key of a run in a tree.
public struct RunKey: Sendable, Hashable {
    public var group: RunGroupKey
    /// `1` of the folders `1` and `run 1`.
    public var run: String

    public init(group: RunGroupKey, run: String) {
        (self.group, self.run) = (group, run)
    }

    /// By group, then by number; other names come last.
    static func precedes(_ a: RunKey, _ b: RunKey) -> Bool {
        guard a.group == b.group else { return RunGroupKey.precedes(a.group, b.group) }
        func order(_ run: String) -> (Int, String) { Int(run).map { ($0, "") } ?? (.max, run) }
        return order(a.run) < order(b.run)
    }
}

/// The key of a group of runs that are averaged.
public struct RunGroupKey: Sendable, Hashable {
    /// The variable besides partition and data size.
    public enum Variation: Sendable, Hashable {
        case none
        case batch(Int)
        case threads(Int)

        /// The name of its folder, and the number that is varied.
        var folder: (name: String, value: Int) {
            switch self {
            case .none: ("", 0)
            case .batch(let value): ("Batches", value)
            case .threads(let value): ("Threads", value)
            }
        }
    }

    /// Nominal size of a partition in MB, as in the published system: 25 for 1278 galaxies. nil outside of a tree.
    public var partition: Double?
    public var size: DataSize?
    public var variation: Variation

    public init(partition: Double?, size: DataSize?, variation: Variation = .none) {
        (self.partition, self.size, self.variation) = (partition, size, variation)
    }

    static func precedes(_ a: RunGroupKey, _ b: RunGroupKey) -> Bool {
        if a.partition != b.partition { return (a.partition ?? .infinity) < (b.partition ?? .infinity) }
        if a.size != b.size {
            guard let first = a.size, let second = b.size else { return a.size != nil }
            return first < second
        }
        return a.variation.folder < b.variation.folder
    }

    /// `25 MB partitions, 1 GB, batch 32`
    public var text: String {
        var parts: [String] = []
        if let partition { parts.append(Decimals.shortest(partition, digits: 6) + " MB partitions") }
        if let size { parts.append(size.text) }
        switch variation {
        case .none: break
        case .batch(let size): parts.append("batch \(size)")
        case .threads(let count): parts.append(count == 1 ? "1 thread" : "\(count) threads")
        }
        return parts.joined(separator: ", ")
    }
}

/// Runs of equal settings, which tables average.
public struct RunGroup: Sendable {
    public let key: RunGroupKey
    /// By number.
    public let runs: [Run]

    /// - Parameter runs: in the order of their keys.
    public static func groups(of runs: [Run]) -> [RunGroup] {
        var groups: [(key: RunGroupKey, runs: [Run])] = []
        for run in runs {
            if groups.last?.key == run.key.group {
                groups[groups.count - 1].runs.append(run)
            } else {
                groups.append((run.key.group, [run]))
            }
        }
        return groups.map { RunGroup(key: $0.key, runs: $0.runs) }
    }

    /// The mean of a value over the runs that have it; nil where none has.
    public func mean(_ value: (Run) -> Double?) -> Double? {
        let values = runs.compactMap(value)
        return values.isEmpty ? nil : Statistics.mean(values)
    }
}
