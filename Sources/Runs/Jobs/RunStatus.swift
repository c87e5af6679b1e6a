import Inference
import Platform
import Synchronization

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

    /// `12,288 of 100,000 galaxies done, kept in z.csv.partial: --resume goes on with them`
    public var text: String {
        if let journal, journal.isDone { return "every galaxy is in the output" }
        let total = total.load(ordering: .relaxed)
        let done = journal?.finished.count ?? done.load(ordering: .relaxed)
        guard total > 0 || done > 0 else { return "no galaxy done" }
        let text = Numbers.grouped(done) + " of " + Numbers.counted(max(total, done), "galaxy", "galaxies") + " done"
        guard done > 0 else { return text }
        guard let journal else { return text + ", and not kept: that takes an --output that is a file here" }
        return text + ", kept in \(journal.path): --resume goes on with them"
    }
}
