import Platform
import Synchronization
import TensorFiles

/// Galaxies of a run that get flags: they are counted, or, strictly, an error. Told from any thread.
final class FlaggedGalaxies: Sendable {
    private let sections: GalaxySections
    private let files: [String]
    /// What the network gives, in the words of errors.
    private let result: String
    private let isStrict: Bool
    private let held = Mutex(FlagCounts([]))

    init(_ sections: [GalaxyRun.Section], result: String, isStrict: Bool) {
        self.sections = GalaxySections(sections)
        files = sections.map(\.partition.path)
        (self.result, self.isStrict) = (result, isStrict)
    }

    /// Told the flags of a galaxy once.
    /// - Parameter place: its among all of the run.
    /// - Throws: strictly, where it has any, naming its file and row.
    func insert(_ flags: PredictionFlags, at place: Int) throws(Failure) {
        guard !flags.isEmpty else { return }
        guard isStrict else { return held.withLock { $0.insert(flags) } }
        let row = sections.rows(at: place, count: 1).lowerBound
        throw Failure(
            files[sections.section(of: place)],
            "row \(row): expected a galaxy, found \(flags.text(of: result))")
    }

    var counts: FlagCounts { held.withLock { $0 } }
}
