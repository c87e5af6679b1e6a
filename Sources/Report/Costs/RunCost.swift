import Costs
import Platform
import Runs

/// The cost of a finished run, from its ranks' results.
public struct RunCost: Sendable {
    /// Values that replace or complete those of the run's files.
    public struct Settings: Sendable {
        /// GB (2^30 bytes) that a worker used.
        public var memoryUsed: Double?
        /// MB of 2^20 bytes configured.
        public var memory: Int?
        /// MB of 2^20 bytes of `/tmp` configured.
        public var storage = LambdaLimits.storageRange.lowerBound
        public var assumptions = PlanAssumptions()
        public var prices = PriceList.published

        public init() {}
    }

    /// The name of the run: its file or folder.
    public let name: String
    public let galaxies: Int
    public let comparison: CostComparison
    /// nil where the run does not record its processors, or had no galaxies.
    public let rate: MeasuredRate?
    /// The sources of the figures and the assumptions, one line each.
    public let notes: [String]

    /// - Parameter bytes: of a `combined_data.json`, of ours or of the reference's.
    /// - Throws: `Failure` naming the file and the key.
    public init(json bytes: [UInt8], name: String, settings: Settings = Settings()) throws(Failure) {
        let ranks = try RankResult.read(bytes, name: name)
        guard !ranks.isEmpty else { throw Failure("\(name): expected the results of ranks, found an empty array") }
        self.init(ranks, name: name, settings: settings)
    }

    /// The same of a file.
    public init(file path: String, settings: Settings = Settings()) throws(Failure) {
        try self.init(json: FileBytes.read(path), name: path, settings: settings)
    }

    /// Whether all ranks are of this program: they name their run, unlike the published system's.
    public let isOurs: Bool

    /// - Parameter ranks: at least one.
    public init(_ ranks: [RankResult], name: String, settings: Settings = Settings()) {
        var notes: [String] = []
        let isOurs = ranks.allSatisfy { $0.runID != nil }
        let seconds = ranks.map { $0.stages?.total ?? $0.seconds }
        notes.append(
            ranks.allSatisfy { $0.stages != nil }
                ? "Time: total_s of each rank; the starts of environments are not in it."
                : "Time: total_cpu_time of each rank, computing alone; what else an invocation did is not in these files."
        )

        let memories = ranks.map { settings.memory ?? $0.configuredMemory ?? Self.assumedMemory($0, isOurs: isOurs) }
        notes += Self.memoryNote(ranks, memories: memories, settings: settings, isOurs: isOurs)
        let (used, usedNote) = Self.memoryUsed(ranks, settings: settings, isOurs: isOurs)
        notes.append(usedNote)

        var workers = LambdaUsage()
        for (rank, (seconds, memory)) in zip(ranks, zip(seconds, memories)) {
            workers.add(of: seconds, memory: memory, storage: settings.storage)
            // One of a rank's own calls writes its predictions.
            workers.gets +=
                rank.store?.requests.map { max(0, $0 - (isOurs ? 1 : 0)) }
                ?? FanOutPlan.reads(bytes: rank.galaxies * PlanAssumptions.bytesOfGalaxy)
        }
        if !ranks.allSatisfy({ $0.store?.requests != nil }) {
            notes.append("S3: as many reads as our workers make for such partitions; these files do not count them.")
        }
        notes.append("Assumed beside the workers: Initialize, Summarize and the state machine of this project.")

        self.name = name
        self.notes = notes
        self.isOurs = isOurs
        galaxies = ranks.reduce(0) { $0 + $1.galaxies }
        comparison = CostComparison(
            workers: workers, files: ranks.reduce(0) { $0 + max(1, $1.dataPaths.count) },
            seconds: Statistics.mean(seconds), memoryUsed: used, memory: memories.max() ?? 0, storage: settings.storage,
            assumptions: settings.assumptions, prices: settings.prices)
        rate = Self.rate(ranks, memories: memories, name: name, isOurs: isOurs)
    }

    /// MB: the published system's functions had 10,240; a rank of this program that ran elsewhere needs as many
    /// processors as it
    /// had threads.
    private static func assumedMemory(_ rank: RankResult, isOurs: Bool) -> Int {
        guard isOurs else { return PublishedCost.configuredMemory }
        let most = LambdaLimits.memoryRange.upperBound
        return min(most, min(6, rank.threads ?? 1) * LambdaLimits.memoryOfOneProcessor)
    }

    private static func memoryNote(
        _ ranks: [RankResult], memories: [Int], settings: Settings, isOurs: Bool
    ) -> [String] {
        let memory = Decimals.grouped(memories.max() ?? 0) + " MB"
        if let had = ranks.compactMap(\.configuredMemory).max() {
            guard let memory = settings.memory, memory != had else { return [] }
            return ["Memory configured: \(Decimals.grouped(memory)) MB as asked; it had \(Decimals.grouped(had)) MB."]
        }
        if settings.memory != nil {
            return ["Memory configured: \(memory) as asked, had the workers taken as long on Lambda."]
        }
        return [
            isOurs
                ? "Memory configured: \(memory), a processor for each thread, had the workers taken as long on Lambda."
                : "Memory configured: \(memory), as the published system had."
        ]
    }

    private static func memoryUsed(
        _ ranks: [RankResult], settings: Settings, isOurs: Bool
    ) -> (gigabytes: Double?, note: String) {
        if let used = settings.memoryUsed { return (used, "Memory used: as asked.") }
        if isOurs {
            return (
                Statistics.mean(ranks.map(\.memory)) * 1e6 / 1_073_741_824,
                "Memory used: the most that each worker's process had."
            )
        }
        // The published total_cpu_memory is a sum over all allocations, and many times the memory in use.
        let folders = Set(ranks.map { $0.dataPaths.first?.split(separator: "/").first.map(String.init) ?? "" })
        if folders.count == 1, let row = PublishedCost.rows.first(where: { folders.contains("\($0.partition)MB") }) {
            return (
                row.formula.memory, "Memory used: as published for \(row.partition) MB partitions; not in these files."
            )
        }
        return (nil, "Memory used: not in these files, so there is no published formula.")
    }

    private static func rate(_ ranks: [RankResult], memories: [Int], name: String, isOurs: Bool) -> MeasuredRate? {
        let galaxies = Double(ranks.reduce(0) { $0 + $1.galaxies })
        func rate(of processors: (RankResult, Int) -> Double?) -> Double? {
            var time = 0.0
            for (rank, memory) in zip(ranks, memories) {
                guard let processors = processors(rank, memory) else { return nil }
                time += rank.seconds * processors
            }
            return galaxies > 0 && time > 0 ? galaxies / time : nil
        }
        if !isOurs || ranks.allSatisfy({ $0.configuredMemory != nil }) {
            return rate { LambdaLimits.processors(memory: $1) }.map { .processor($0, source: name) }
        }
        return rate { rank, _ in rank.threads.map(Double.init) }.map { .core($0, source: name) }
    }
}
