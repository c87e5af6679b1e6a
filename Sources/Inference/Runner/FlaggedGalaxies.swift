import Platform
import Synchronization

/// Counts the flagged galaxies of a run, or throws at the first one in strict mode. Any thread may call it.
final class FlaggedGalaxies: Sendable {
    private let sections: GalaxySections
    private let partitions: [PartitionReader]
    /// The name of the network's result in error messages.
    private let result: String
    private let isStrict: Bool
    private let held = Mutex(FlagCounts([]))

    init(_ sections: [GalaxyRun.Section], result: String, isStrict: Bool) {
        self.sections = GalaxySections(sections)
        partitions = sections.map(\.partition)
        (self.result, self.isStrict) = (result, isStrict)
    }

    /// Records the flags of a galaxy; called once for each galaxy.
    /// - Parameter place: the galaxy's index among all of the run.
    /// - Throws: in strict mode, for a galaxy with flags, naming its file and row.
    func insert(_ flags: PredictionFlags, at place: Int) throws(Failure) {
        guard !flags.isEmpty else { return }
        let row = sections.rows(at: place, count: 1).lowerBound
        let partition = partitions[sections.section(of: place)]
        var missing: Set<Double> = []
        if !flags.isDisjoint(with: [.pixelNotFinite, .magnitudeNotFinite]) {
            missing = try partition.missingValues(row)
        }
        guard isStrict else { return held.withLock { $0.insert(flags, missing: missing) } }
        let values = missing.sorted().map(MissingValues.text).joined(separator: ", ")
        throw Failure(
            partition.path,
            "row \(row): expected a galaxy, found \(flags.text(of: result))" + (values.isEmpty ? "" : " (\(values))"))
    }

    var counts: FlagCounts { held.withLock { $0 } }
}
