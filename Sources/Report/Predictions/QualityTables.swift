import Glibc
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
            PageFact(name, line.valueText, detail: intervals[index].map { "95%: " + Self.text($0) } ?? "")
        }
        let (reference, field) = (quality.reference.lines, quality.field.lines)
        return [
            PageFact("galaxies compared", Decimals.grouped(quality.galaxies)),
            fact(reference[0], "MAE", Measure.meanAbsoluteError),
            fact(reference[4], "R2", Measure.r2), fact(field[0], "sigma_MAD", Measure.sigmaMAD),
            fact(field[1], "median bias", Measure.medianBias),
            fact(field[4], "outliers, |dz| > 0.15", Measure.outliersAbove015),
        ]
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
                    line.name, Self.minus(line.valueText),
                    intervals[first + index].map(Self.text) ?? "\u{2013}",
                    line.meaning,
                ]
            })
    }

    /// Explains how the intervals were computed.
    var explanation: String {
        "Intervals of fractions are Wilson's; the others are those of the bootstrap: the same number of galaxies drawn with replacement "
            + "\(Decimals.grouped(intervals.resamples)) times, and the middle 95% of each measure. They show the effect of chance in "
            + "the choice of galaxies, not errors common to all of them."
    }

    var byRedshift: PageTable {
        PageTable(
            caption: "Quality by spectroscopic redshift; intervals are those of sigma_MAD",
            columns: [
                .init("zs", .text), .init("galaxies"), .init("MAE"), .init("Bias"), .init("sigma_MAD"),
                .init("95% interval"), .init("median bias"), .init("|dz| > 0.15 (%)"),
                .init("|dz| > max(0.06, 3\u{3C3}) (%)"),
            ],
            rows: bins.bins.map { bin in
                let (reference, field) = (bin.quality.reference, bin.quality.field)
                return [
                    "\(Scale.label(bin.redshifts.lowerBound)) to \(Scale.label(bin.redshifts.upperBound))",
                    Decimals.grouped(bin.quality.galaxies), Decimals.grouped(reference.meanAbsoluteError, 5),
                    Decimals.grouped(reference.bias, 5), Decimals.grouped(field.sigmaMAD, 5),
                    bin.intervals?[Measure.sigmaMAD].map(Self.text) ?? "\u{2013}",
                    Decimals.grouped(field.medianBias, 5), Decimals.grouped(100 * field.outliersAbove015, 2),
                    Decimals.grouped(100 * field.outliersAboveThreeSigma, 2),
                ]
            })
    }

    /// Both ends, with the decimals that show two digits of their distance.
    private static func text(_ interval: ClosedRange<Double>) -> String {
        let width = interval.upperBound - interval.lowerBound
        let ends = [interval.lowerBound, interval.upperBound]
        guard width > 1e-12, width < 1e6 else {
            return ends.map { minus(Decimals.significant($0)) }.joined(separator: " to ")
        }
        let decimals = max(0, 1 - Int(log10(width).rounded(.down)))
        return ends.map { Decimals.grouped($0, decimals) }.joined(separator: " to ")
    }

    /// A true minus sign, as wide as a digit.
    private static func minus(_ text: String) -> String { text.replacing("-", with: "\u{2212}") }
}
