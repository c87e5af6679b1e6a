import Inference
import Platform

/// The measures as tables of a page.
struct QualityTables {
    let quality: Quality
    let intervals: QualityIntervals
    let bins: QualityByRedshift

    /// The numbers at the top of the page.
    var facts: [PageFact] {
        func fact(_ line: MeasureLine, _ name: String, _ index: Int) -> PageFact {
            PageFact(name, value(line, index), detail: intervals[index].map { "95%: " + Notation.text($0) } ?? "")
        }
        let (reference, field) = (quality.reference.lines, quality.field.lines)
        return [
            PageFact("galaxies compared", Decimals.grouped(quality.galaxies)),
            fact(reference[0], "MAE", Measure.meanAbsoluteError),
            fact(reference[4], Notation.r2, Measure.r2), fact(field[0], Notation.sigmaMAD, Measure.sigmaMAD),
            fact(field[1], "median bias", Measure.medianBias),
            fact(field[4], "outliers, |\(Notation.dz)| > 0.15", Measure.outliersAbove015),
        ]
    }

    /// The value with the digits that its interval allows.
    private func value(_ line: MeasureLine, _ index: Int) -> String {
        line.value.map { Notation.estimate($0, within: intervals[index]) } ?? "undefined"
    }

    var reference: PageTable { table("Reference measures (AstroMAE, CAI)", quality.reference.lines, from: 0) }

    var field: PageTable {
        table(
            "Field measures (photometric-redshift literature)", quality.field.lines, from: quality.reference.lines.count
        )
    }

    private func table(_ caption: String, _ lines: [MeasureLine], from first: Int) -> PageTable {
        PageTable(
            caption: caption,
            columns: [.init("measure", .text), .init("value"), .init("95% interval"), .init("is", .text)],
            rows: lines.enumerated().map { index, line in
                [
                    Notation.symbols(line.name), value(line, first + index),
                    intervals[first + index].map(Notation.text) ?? Notation.none, Notation.symbols(line.meaning),
                ]
            })
    }

    /// Explains how the intervals were computed.
    var explanation: String {
        "Intervals of fractions are Wilson's; the others are those of the bootstrap: the same number of galaxies drawn with replacement "
            + "\(Decimals.grouped(intervals.resamples)) times, and the middle 95% of each measure. They show the effect of chance in "
            + "the choice of galaxies, not errors common to all of them. Values have the digits that their intervals allow."
    }

    var byRedshift: PageTable {
        PageTable(
            caption: "Quality by spectroscopic redshift; intervals are those of \(Notation.sigmaMAD)",
            columns: [
                .init("zs", .text), .init("galaxies"), .init("MAE"), .init("Bias"), .init(Notation.sigmaMAD),
                .init("95% interval"), .init("median bias"), .init("|\(Notation.dz)| > 0.15 (%)"),
                .init("|\(Notation.dz)| > \(Notation.wideBound) (%)"),
            ],
            rows: bins.bins.map { bin in
                let (reference, field) = (bin.quality.reference, bin.quality.field)
                func cell(_ value: Double, _ measure: Int) -> String {
                    Notation.estimate(value, within: bin.intervals?[measure])
                }
                /// In per cent; its interval follows from the numbers alone.
                func part(_ fraction: Double) -> String {
                    let galaxies = bin.quality.galaxies
                    let count = Int((fraction * Double(galaxies)).rounded())
                    let ends = Statistics.fractionInterval(count, of: galaxies)
                    return Notation.estimate(100 * fraction, within: 100 * ends.lowerBound...100 * ends.upperBound)
                }
                return [
                    "\(Scale.label(bin.redshifts.lowerBound)) to \(Scale.label(bin.redshifts.upperBound))",
                    Decimals.grouped(bin.quality.galaxies),
                    cell(reference.meanAbsoluteError, Measure.meanAbsoluteError),
                    cell(reference.bias, Measure.bias), cell(field.sigmaMAD, Measure.sigmaMAD),
                    bin.intervals?[Measure.sigmaMAD].map(Notation.text) ?? Notation.none,
                    cell(field.medianBias, Measure.medianBias), part(field.outliersAbove015),
                    part(field.outliersAboveThreeSigma),
                ]
            })
    }
}
