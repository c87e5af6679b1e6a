import Inference
import Platform

/// The report of predictions: measures, their intervals, and the sections of a page.
public struct PredictionReport: Sendable {
    /// Galaxies with a z_phot, finite or not.
    public let galaxies: Int
    /// The number of these without a z_spec.
    public let unknown: Int
    /// nil where no galaxy has two finite redshifts to compare.
    public let quality: Quality?
    public let intervals: QualityIntervals?
    public let bins: QualityByRedshift?
    public let sections: [PageSection]

    /// - Parameters:
    ///   - seed, forEach: as those of `QualityIntervals`.
    /// - Throws: `Failure` for a table without galaxies.
    public init(
        _ table: PredictionTable, name: String, seed: UInt64 = QualityIntervals.usualSeed,
        forEach: ForEach = { (0..<$0).forEach($1) }
    ) throws(Failure) {
        galaxies = table.predicted.count + table.unknown.count
        unknown = table.unknown.count
        guard galaxies > 0 else { throw Failure("\(name): no galaxies: expected at least one row below the header") }
        // The counts are equal: it fails only where there is nothing to compare.
        guard
            let compared = try? ComparedRedshifts(predicted: table.predicted, spectroscopic: table.spectroscopic)
        else {
            (quality, intervals, bins) = (nil, nil, nil)
            sections = [Self.distribution(table, isCompared: false)]
            return
        }
        let quality = Quality(compared)
        let intervals = QualityIntervals(compared, seed: seed, forEach: forEach)
        let bins = try QualityByRedshift(compared, seed: seed, forEach: forEach)
        (self.quality, self.intervals, self.bins) = (quality, intervals, bins)
        let figures = RedshiftFigures(compared, quality)
        let tables = QualityTables(quality: quality, intervals: intervals, bins: bins)
        sections = [
            PageSection(
                "Quality",
                [.facts(tables.facts)] + Self.notes(table, quality).map { .note($0) } + [
                    .text(
                        "zp is the predicted and zs the spectroscopic redshift of a galaxy, \(Notation.residual)."),
                    .table(tables.reference), .table(tables.field), .text(tables.explanation),
                ]),
            PageSection(
                "Predicted against spectroscopic redshift", id: "redshifts",
                [.figures([figures.redshifts, figures.residuals])]),
            PageSection(
                "Residuals",
                [.figures([figures.histogram] + [figures.scatter(bins)].compactMap { $0 }), .table(tables.byRedshift)]),
            Self.distribution(table, isCompared: true),
        ]
    }

    /// The line below the title.
    public var lead: String {
        guard let quality else { return "Predicted redshifts of \(Self.counted(galaxies))." }
        return quality.galaxies == galaxies
            ? "Predicted redshifts of \(Self.counted(galaxies)), compared with spectroscopic ones."
            : "Predicted redshifts of \(Self.counted(galaxies)), \(Decimals.grouped(quality.galaxies)) of them compared "
                + "with spectroscopic ones."
    }

    private static func notes(_ table: PredictionTable, _ quality: Quality) -> [String] {
        var notes: [String] = []
        if table.unknown.count > 0 {
            notes.append(
                "\(counted(table.unknown.count)) without a known z_spec, left out of all that compares: "
                    + "\(table.unknown.text).")
        }
        if quality.skipped > 0 {
            notes.append("\(counted(quality.skipped)) left out: a redshift is not a finite number.")
        }
        if quality.reference.r2 == nil {
            notes.append("\(Notation.r2) is undefined: all spectroscopic redshifts are the same.")
        }
        if quality.galaxies < 30 {
            notes.append("Only \(counted(quality.galaxies)): measures and intervals of so few say little.")
        }
        return notes
    }

    static func counted(_ number: Int) -> String {
        "\(Decimals.grouped(number)) \(number == 1 ? "galaxy" : "galaxies")"
    }

    /// The distribution of redshifts.
    private static func distribution(_ table: PredictionTable, isCompared: Bool) -> PageSection {
        let predicted = (table.predicted + table.predictedAlone)
        let finite = predicted.count { $0.isFinite }
        var items: [PageSection.Item] = []
        if !isCompared {
            items.append(.facts([PageFact("galaxies", Decimals.grouped(predicted.count))]))
            items.append(
                .note(
                    table.spectroscopic.isEmpty
                        ? "No galaxy has a z_spec: there is nothing to compare predictions with, and no quality."
                        : "No galaxy has a finite z_phot and z_spec: there is nothing to compare."))
            if finite < predicted.count {
                items.append(.note("\(counted(predicted.count - finite)) with a z_phot that is not a finite number."))
            }
        }
        if finite > 0 { items.append(.figures([RedshiftFigures.distribution(predicted, table.spectroscopic)])) }
        return PageSection("Distribution of redshifts", id: "distribution", items)
    }
}
