import Platform
import Synchronization

/// Counts the flagged galaxies of a run, or throws at the first one in strict mode, and those with a blank band. Any
/// thread may call it.
final class FlaggedGalaxies: Sendable {
    private let sections: GalaxySections
    private let partitions: [PartitionReader]
    /// The name of the network's result in error messages.
    private let result: String
    private let isStrict: Bool
    private let bands: Int
    private let held = Mutex(FlagCounts([]))

    init(_ sections: [GalaxyRun.Section], result: String, isStrict: Bool) {
        self.sections = GalaxySections(sections)
        partitions = sections.map(\.partition)
        (self.result, self.isStrict) = (result, isStrict)
        bands = max(1, partitions.first?.bandCount ?? 1)
    }

    /// Records the flags of a galaxy; called once for each galaxy.
    /// - Parameter place: the galaxy's index among all of the run.
    /// - Throws: in strict mode, for a galaxy with flags, naming its file and row.
    func insert(_ flags: PredictionFlags, at place: Int) throws(Failure) {
        var counts = FlagCounts([])
        try insert(flags, at: place, into: &counts)
        add(counts)
    }

    /// The same, counted in `counts`: those of a micro-batch, which are added when it is done.
    func insert(_ flags: PredictionFlags, at place: Int, into counts: inout FlagCounts) throws(Failure) {
        guard !flags.isEmpty else { return }
        let row = sections.rows(at: place, count: 1).lowerBound
        let partition = partitions[sections.section(of: place)]
        var missing: Set<Double> = []
        if !flags.isDisjoint(with: [.pixelNotFinite, .magnitudeNotFinite]) {
            missing = try partition.missingValues(row)
        }
        guard isStrict else { return counts.insert(flags, missing: missing) }
        let values = missing.sorted().map(MissingValues.text).joined(separator: ", ")
        throw Failure(
            partition.path,
            "row \(row): expected a galaxy, found \(flags.text(of: result))" + (values.isEmpty ? "" : " (\(values))"))
    }

    /// Counts a galaxy some of whose bands are zero in all pixels, while others are not.
    func countBlankBands(of image: Span<Float>) {
        var counts = FlagCounts([])
        countBlankBands(of: image, into: &counts)
        add(counts)
    }

    func countBlankBands(of image: Span<Float>, into counts: inout FlagCounts) {
        let size = image.count / bands
        var blank: [Int] = []
        for band in 0..<bands {
            var pixel = band * size
            // Usually ends at the first pixel.
            while pixel < (band + 1) * size, image[pixel] == 0 { pixel += 1 }
            if pixel == (band + 1) * size { blank.append(band) }
        }
        guard !blank.isEmpty, blank.count < bands else { return }
        counts.insert(blankBands: blank)
    }

    func add(_ counts: FlagCounts) {
        guard counts != FlagCounts([]) else { return }
        held.withLock { $0.add(counts) }
    }

    var counts: FlagCounts { held.withLock { $0 } }
}
