import Inference
import Platform

extension PageSection {
    /// How many z_spec the intervals of a calibration cover, and their widths.
    /// - Parameters:
    ///   - coverage: of galaxies that the calibration did not use.
    ///   - name: the calibration.
    public static func coverage(_ coverage: Coverage, of calibration: Calibration, name: String) -> PageSection {
        func percent(_ interval: ClosedRange<Double>?) -> ClosedRange<Double>? {
            interval.map { 100 * $0.lowerBound...100 * $0.upperBound }
        }
        let table = PageTable(
            caption: "Coverage by bin of \(calibration.by.column); 95% intervals of fractions are Wilson's",
            columns: [
                .init(calibration.by.column, .text), .init("level"), .init("half-width"), .init("galaxies"),
                .init("covered (%)"),
                .init("95% interval (%)"),
            ],
            rows: coverage.parts.map { part in
                [
                    Coverage.range(part.lower, part.upper), part.level.text,
                    part.halfWidth.map { Notation.significant($0) } ?? Notation.none, Decimals.grouped(part.galaxies),
                    part.fraction.map { Notation.estimate(100 * $0, within: percent(part.interval)) } ?? Notation.none,
                    percent(part.interval).map(Notation.text) ?? Notation.none,
                ]
            })
        let left =
            calibration.split.isAll
            ? "" : " The galaxies that the calibration used are left out here; the other sections have all galaxies."
        return PageSection(
            "Coverage of intervals", id: "coverage",
            [
                .text(
                    "Intervals z_phot \u{B1} half-width by \(name), from "
                        + "\(PredictionReport.counted(calibration.galaxies)): a level is the least probability with which "
                        + "they cover zs, if new galaxies are like those of the calibration.\(left)"),
                .table(table),
            ])
    }
}
