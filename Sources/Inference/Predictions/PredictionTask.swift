import AstroMAE
import Platform
import Synchronization

/// Predicts a redshift for each galaxy, or flags that state why there is none.
struct PredictionTask: GalaxyTask {
    private let model: RedshiftModel
    private let results: Results
    private let journal: PredictionJournal?
    private let flagged: FlaggedGalaxies
    let finished: FinishedGalaxies

    /// The results that all workers write to.
    private final class Results: Sendable {
        let held: Mutex<(redshifts: [Float], flags: [PredictionFlags])>

        init(redshifts: [Float], flags: [PredictionFlags]) { held = Mutex((redshifts, flags)) }
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
            flags: earlier?.flags ?? [PredictionFlags](repeating: [], count: count))
        self.journal = journal
        flagged = FlaggedGalaxies(sections, result: "redshift", isStrict: isStrict)
        finished = earlier?.finished ?? FinishedGalaxies()
    }

    /// In strict mode, flags of an earlier run are errors, too.
    func check() throws(Failure) {
        let flags = values.flags
        for place in finished.ranges.joined() { try flagged.insert(flags[place], at: place) }
    }

    /// Galaxies with flags, complete after the run.
    var flagCounts: FlagCounts { flagged.counts }

    /// The results of all galaxies, in their order.
    var values: (redshifts: [Float], flags: [PredictionFlags]) { results.held.withLock { $0 } }

    func didFinish(_ places: Range<Int>) throws(Failure) {
        guard let journal else { return }
        let (redshifts, flags) = results.held.withLock { (Array($0.redshifts[places]), Array($0.flags[places])) }
        try journal.append(places, redshifts: redshifts[...], flags: flags[...])
    }

    func didVerify(_ section: Range<Int>) throws(Failure) { try journal?.verify(section) }

    func didReject(_ section: Range<Int>) throws(Failure) { try journal?.reject(section) }

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
            let (pixels, bands) = (images.count / max(1, count), magnitudes.count / max(1, count))
            for index in 0..<count {
                let image = images.extracting(index * pixels..<(index + 1) * pixels)
                task.flagged.countBlankBands(of: image)
                flags[index] = PredictionFlags(
                    image: image, magnitudes: magnitudes.extracting(index * bands..<(index + 1) * bands))
                if flags[index].isEmpty, !redshifts[index].isFinite { flags[index].insert(.redshiftNotFinite) }
                guard !flags[index].isEmpty else { continue }
                try task.flagged.insert(flags[index], at: place + index)
                redshifts[index] = .nan
            }
            task.results.held.withLock { held in
                held.redshifts.replaceSubrange(place..<place + count, with: redshifts)
                held.flags.replaceSubrange(place..<place + count, with: flags)
            }
        }
    }
}
