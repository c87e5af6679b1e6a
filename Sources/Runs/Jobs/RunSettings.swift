import AstroMAE
import Inference
import Platform
import Synchronization

/// How galaxies are run through a network.
public struct RunSettings: Sendable {
    /// The first galaxies of all inputs that are run; nil for all.
    public var limit: Int?
    /// The maximum number of galaxies of one micro-batch; no effect on results.
    public var batchSize: Int
    /// Threads that compute; no effect on results.
    public var threads: Int
    /// Of the network's Linear layers; redshifts and features depend on it.
    public var precision: Precision
    /// The one of several networks in the weights: see `RedshiftModel.init`.
    public var network: String?
    /// Attention heads, where the weights do not state them; nil for those of the weights.
    public var numHeads: Int?
    /// Attention heads of a masked autoencoder's decoder.
    public var decoderHeads: Int?
    /// Whether a galaxy that gets flags is an error.
    public var isStrict: Bool

    public init(
        limit: Int? = nil, batchSize: Int = BatchRunner.defaultBatchSize, threads: Int = Processors.available,
        precision: Precision = .float32, network: String? = nil, numHeads: Int? = nil, decoderHeads: Int? = nil,
        isStrict: Bool = false
    ) {
        (self.precision, self.network) = (precision, network)
        (self.limit, self.batchSize, self.threads) = (limit, batchSize, threads)
        (self.numHeads, self.decoderHeads, self.isStrict) = (numHeads, decoderHeads, isStrict)
    }
}

/// How many galaxies of a run are done, for any thread.
public final class RunStatus: Sendable {
    private let done = Atomic<Int>(0)
    /// 0 before it is known.
    private let total = Atomic<Int>(0)
    private let journal: PredictionJournal?

    init(_ journal: PredictionJournal?) { self.journal = journal }

    func set(done: Int, of total: Int) {
        self.done.store(done, ordering: .relaxed)
        self.total.store(total, ordering: .relaxed)
    }

    /// `12,288 of 100,000 galaxies done, kept in z.csv.partial: resume with --resume`
    public var text: String {
        if let journal, journal.isDone { return "every galaxy is in the output" }
        let total = total.load(ordering: .relaxed)
        let done = journal?.finished.count ?? done.load(ordering: .relaxed)
        guard total > 0 || done > 0 else { return "no galaxy done" }
        let text = Numbers.grouped(done) + " of " + Numbers.counted(max(total, done), "galaxy", "galaxies") + " done"
        guard done > 0 else { return text }
        guard let journal else { return text + ", and not kept: that takes an --output that is a file here" }
        return text + ", kept in \(journal.path): resume with --resume"
    }
}

/// Receives what a job reports while it runs, on the thread that runs it.
public protocol JobEvents {
    /// The galaxies that are done. Called at the beginning, and about ten times a second.
    func progress(_ progress: Progress)
    /// No progress follows: the galaxies are done, or the job has failed.
    func progressEnded()
    /// A choice that changes no number, such as the rank that is run.
    func notice(_ message: String)
    /// Something that may be wrong with the output, such as a number of heads that the weights do not state.
    func warning(_ message: String)
    /// A fact about the run that helps to explain its result, such as a file that is used.
    func detail(_ message: @autoclosure () -> String)
}

extension JobEvents {
    public func detail(_ message: @autoclosure () -> String) {}
}

extension GalaxyChoices {
    func report(to events: some JobEvents) {
        notices.forEach(events.notice)
        warnings.forEach(events.warning)
    }
}

/// Ignores all events.
public struct NoEvents: JobEvents {
    public init() {}
    public func progress(_ progress: Progress) {}
    public func progressEnded() {}
    public func notice(_ message: String) {}
    public func warning(_ message: String) {}
}
