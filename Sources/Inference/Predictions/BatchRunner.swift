import AstroMAE
import Platform

/// Predicts redshifts on several threads: `GalaxyRunner` with a redshift network. Memory for all galaxies: redshifts
/// and flags only.
public struct BatchRunner: Sendable {
    /// The number of galaxies that the network's heads compute together, reading their weights once.
    public static let defaultBatchSize = 128

    private let model: RedshiftModel
    private let runner: GalaxyRunner
    /// The most threads to use, and the maximum number of galaxies of one micro-batch: see `GalaxyRunner`.
    public var threads: Int { runner.threads }
    public var batchSize: Int { runner.batchSize }

    /// - Parameters threads, batchSize, pinsThreads: see `GalaxyRunner.init`.
    public init(
        model: RedshiftModel, threads: Int = Processors.available, batchSize: Int = defaultBatchSize,
        pinsThreads: Bool = true
    ) {
        self.model = model
        runner = GalaxyRunner(
            gemm: model.gemm, threads: threads, batchSize: batchSize, pinsThreads: pinsThreads)
    }

    /// The redshifts of the first `limit` galaxies (all, if nil) of the partitions in their order: see
    /// `GalaxyRunner.run`.
    public func run(
        _ partitions: [PartitionReader], limit: Int? = nil, profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(Failure) -> Predictions {
        try run(partitions, galaxies: 0..<(limit ?? Int.max), profile: profile, until: deadline, progress: progress)
    }

    /// The redshifts of some of the galaxies, counted from the first of all partitions.
    /// - Parameters:
    ///   - journal: records every finished galaxy, and partitions whose checksums were compared.
    ///   - earlier: the journal's results of the same galaxies, which are not run again.
    ///   - isStrict: whether a galaxy with flags is an error.
    public func run(
        _ partitions: [PartitionReader], galaxies: Range<Int>, journal: PredictionJournal? = nil,
        earlier: PredictionJournal.Earlier? = nil, isStrict: Bool = false, profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(Failure) -> Predictions {
        try run(
            GalaxyRun.sections(of: partitions, galaxies: galaxies), journal: journal, earlier: earlier,
            isStrict: isStrict, profile: profile, until: deadline, progress: progress)
    }

    /// The redshifts of the galaxies of `sections`.
    /// - Parameters:
    ///   - journal: records every finished galaxy, and every partition whose checksums were compared.
    ///   - earlier: the journal's records of the same galaxies, which are not run again.
    ///   - isStrict: whether a galaxy that would get flags is an error.
    ///   - ended: called with what is finished when the threads have ended, be it with an error.
    public func run(
        _ sections: [GalaxyRun.Section], journal: PredictionJournal? = nil,
        earlier: PredictionJournal.Earlier? = nil, isStrict: Bool = false, profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in },
        ended: (PredictionJournal.Earlier) -> Void = { _ in }
    ) throws(Failure) -> Predictions {
        let task = PredictionTask(
            model: model, sections: sections, journal: journal, earlier: earlier, isStrict: isStrict)
        try task.check()
        defer { ended(task.reached) }
        let run = try runner.run(task, over: sections, profile: profile, until: deadline, progress: progress)
        let (redshifts, flags) = task.values
        return Predictions(run: run, redshifts: redshifts, flags: flags, flagCounts: task.flagCounts)
    }
}
