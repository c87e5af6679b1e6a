import AstroMAE
import Platform
import Synchronization

/// Predicts a redshift for each galaxy, or flags that state why there is none.
struct PredictionTask: GalaxyTask {
    private let model: RedshiftModel
    private let results: Results
    private let journal: PredictionJournal?
    private let flagged: FlaggedGalaxies
    private let earlierCounts: FlagCounts?
    let finished: FinishedGalaxies

    /// The results that all workers write to.
    private final class Results: Sendable {
        let held: Mutex<(redshifts: [Float], flags: [PredictionFlags], finished: FinishedGalaxies)>

        init(redshifts: [Float], flags: [PredictionFlags], finished: FinishedGalaxies) {
            held = Mutex((redshifts, flags, finished))
        }
    }

    /// - Parameters:
    ///   - journal: records every finished galaxy.
    ///   - earlier: the journal's results of the same galaxies.
    ///   - isStrict: whether a galaxy that gets flags ends the run.
    init(
        model: RedshiftModel, sections: [GalaxyRun.Section], journal: PredictionJournal?,
        earlier: PredictionJournal.Earlier?, isStrict: Bool
    ) {
        self.model = model
        let count = sections.galaxyCount
        results = Results(
            redshifts: earlier?.redshifts ?? [Float](repeating: .nan, count: count),
            flags: earlier?.flags ?? [PredictionFlags](repeating: [], count: count),
            finished: earlier?.finished ?? FinishedGalaxies())
        self.journal = journal
        flagged = FlaggedGalaxies(sections, result: "redshift", isStrict: isStrict)
        finished = earlier?.finished ?? FinishedGalaxies()
        earlierCounts = earlier?.flagCounts
    }

    /// Counts the flags of an earlier run. In strict mode they are errors, too.
    func check() throws(Failure) {
        if let earlierCounts { return flagged.add(earlierCounts) }
        let flags = values.flags
        for place in finished.ranges.joined() { try flagged.insert(flags[place], at: place) }
    }

    /// Galaxies with flags, complete after the run.
    var flagCounts: FlagCounts { flagged.counts }

    /// The results of all galaxies, in their order.
    var values: (redshifts: [Float], flags: [PredictionFlags]) {
        results.held.withLock { ($0.redshifts, $0.flags) }
    }

    /// What is finished by now.
    var reached: PredictionJournal.Earlier {
        let held = results.held.withLock { $0 }
        return PredictionJournal.Earlier(
            redshifts: held.redshifts, flags: held.flags, finished: held.finished, flagCounts: flagCounts)
    }

    func didFinish(_ places: Range<Int>) throws(Failure) {
        let (redshifts, flags) = results.held.withLock { held in
            held.finished.insert(places)
            return (Array(held.redshifts[places]), Array(held.flags[places]))
        }
        try journal?.append(places, redshifts: redshifts[...], flags: flags[...])
    }

    func didVerify(_ section: Range<Int>) throws(Failure) {
        results.held.withLock { $0.finished.verify(section) }
        try journal?.verify(section)
    }

    func didReject(_ section: Range<Int>) throws(Failure) {
        results.held.withLock { $0.finished.remove(section) }
        try journal?.reject(section)
    }

    func makeWorker(capacity: Int, profile: Profile?) throws(Failure) -> Worker {
        Worker(self, try Workspace(for: model, capacity: capacity, profile: profile))
    }

    final class Worker: GalaxyWorker {
        private let task: PredictionTask
        private var workspace: Workspace

        init(_ task: PredictionTask, _ workspace: consuming Workspace) {
            self.task = task
            self.workspace = workspace
        }

        func run(images: Span<Float>, magnitudes: Span<Float>, count: Int, at place: Int) throws(Failure) {
            var redshifts = [Float](repeating: 0, count: count)
            do {
                var span = redshifts.mutableSpan
                task.model.predict(images: images, magnitudes: magnitudes, into: &span, workspace: &workspace)
            }
            var flags = [PredictionFlags](repeating: [], count: count)
            var counts = FlagCounts([])
            let (pixels, bands) = (images.count / max(1, count), magnitudes.count / max(1, count))
            for index in 0..<count {
                let image = images.extracting(index * pixels..<(index + 1) * pixels)
                task.flagged.countBlankBands(of: image, into: &counts)
                flags[index] = PredictionFlags(
                    image: image, magnitudes: magnitudes.extracting(index * bands..<(index + 1) * bands))
                if flags[index].isEmpty, !redshifts[index].isFinite { flags[index].insert(.redshiftNotFinite) }
                guard !flags[index].isEmpty else { continue }
                try task.flagged.insert(flags[index], at: place + index, into: &counts)
                redshifts[index] = .nan
            }
            task.results.held.withLock { held in
                held.redshifts.replaceSubrange(place..<place + count, with: redshifts)
                held.flags.replaceSubrange(place..<place + count, with: flags)
            }
            task.flagged.add(counts)
        }
    }
}
