import Platform

/// How well predicted redshifts agree with spectroscopic ones, in the two families of measures in use.
///
/// With zp a predicted and zs a spectroscopic redshift, dz = (zp - zs) / (1 + zs). All sums are in float64.
/// Galaxies for which zp, zs or dz is not finite are left out of every measure and counted in `skipped`.
public struct Quality: Sendable, Equatable, Codable {
    /// Galaxies that the measures are taken over.
    public let galaxies: Int
    /// Galaxies left out because one of their redshifts is not finite.
    public let skipped: Int
    /// The measures that AstroMAE and CAI publish.
    public let reference: ReferenceQuality
    /// The measures of the photometric-redshift literature.
    public let field: FieldQuality

    /// Compares predicted with spectroscopic redshifts, galaxy by galaxy.
    /// - Throws: `Failure` when the counts differ or no galaxy has two finite redshifts.
    public init(predicted: [Double], spectroscopic: [Double]) throws(Failure) {
        self.init(try ComparedRedshifts(predicted: predicted, spectroscopic: spectroscopic))
    }

    package init(_ compared: ComparedRedshifts) {
        (galaxies, skipped) = (compared.scaled.count, compared.skipped)
        let sorted = compared.scaled.sorted()
        reference = ReferenceQuality(
            errors: zip(compared.predicted, compared.spectroscopic).map { $0 - $1 }, truths: compared.spectroscopic,
            bias: Statistics.mean(compared.scaled), sortedScaled: sorted)
        field = FieldQuality(sortedScaled: sorted)
    }
}

/// Galaxies for which zp, zs and dz = (zp - zs) / (1 + zs) are finite, in their order; at least one.
package struct ComparedRedshifts: Sendable {
    package private(set) var predicted: [Double] = []
    package private(set) var spectroscopic: [Double] = []
    /// dz of the same galaxies.
    package private(set) var scaled: [Double] = []
    /// Galaxies that are left out.
    package let skipped: Int

    /// - Throws: `Failure` when the counts differ or no galaxy has two finite redshifts.
    package init(predicted all: [Double], spectroscopic known: [Double]) throws(Failure) {
        guard all.count == known.count else {
            throw Failure(
                "\(all.count) predicted redshifts against \(known.count) spectroscopic ones: "
                    + "expected as many of the one as of the other")
        }
        predicted.reserveCapacity(all.count)
        spectroscopic.reserveCapacity(all.count)
        scaled.reserveCapacity(all.count)
        for (zp, zs) in zip(all, known) {
            let dz = (zp - zs) / (1 + zs)
            guard zp.isFinite, zs.isFinite, dz.isFinite else { continue }
            predicted.append(zp)
            spectroscopic.append(zs)
            scaled.append(dz)
        }
        guard !scaled.isEmpty else {
            throw Failure(
                all.isEmpty
                    ? "no galaxies to measure: expected at least one with z_phot and z_spec"
                    : "no galaxy of \(all.count) has a finite z_phot and z_spec: nothing to measure")
        }
        skipped = all.count - scaled.count
    }
}

/// The measures that AstroMAE and CAI publish, under their names.
public struct ReferenceQuality: Sendable, Equatable {
    /// Mean |zp - zs|.
    public let meanAbsoluteError: Double
    /// Mean (zp - zs)^2.
    public let meanSquaredError: Double
    /// Mean dz.
    public let bias: Double
    /// 1.48 median |dz - median dz|.
    public let precision: Double
    /// 1 - sum (zp - zs)^2 / sum (zs - mean zs)^2; nil where all zs are equal (a single galaxy, for one).
    public let r2: Double?

    package init(errors: [Double], truths: [Double], bias: Double, sortedScaled: [Double]) {
        let squares = errors.reduce(0) { $0 + $1 * $1 }
        meanAbsoluteError = errors.reduce(0) { $0 + abs($1) } / Double(errors.count)
        meanSquaredError = squares / Double(errors.count)
        self.bias = bias
        precision = 1.48 * Statistics.medianAbsoluteDeviation(sorted: sortedScaled)
        // Compare the values themselves: rounding leaves the sum of squares of equal values a little above zero.
        if truths.allSatisfy({ $0 == truths[0] }) {
            r2 = nil
        } else {
            let mean = Statistics.mean(truths)
            let spread = truths.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            r2 = spread > 0 ? 1 - squares / spread : nil
        }
    }
}

/// The measures of the photometric-redshift literature, all of them over dz.
public struct FieldQuality: Sendable, Equatable {
    /// 1.4826 median |dz - median dz|.
    public let sigmaMAD: Double
    /// Median dz.
    public let medianBias: Double
    /// (75th - 25th percentile of dz) / 1.349, percentiles interpolated linearly.
    public let sigmaIQR: Double
    /// Fraction of galaxies with |dz| > 0.05.
    public let outliersAbove005: Double
    /// Fraction of galaxies with |dz| > 0.15.
    public let outliersAbove015: Double
    /// Fraction of galaxies with |dz| > max(0.06, 3 sigma_IQR): `outlierLimit`.
    public let outliersAboveThreeSigma: Double

    package init(sortedScaled: [Double]) {
        sigmaMAD = 1.4826 * Statistics.medianAbsoluteDeviation(sorted: sortedScaled)
        medianBias = Statistics.median(sorted: sortedScaled)
        sigmaIQR =
            (Statistics.percentile(sorted: sortedScaled, fraction: 0.75)
                - Statistics.percentile(sorted: sortedScaled, fraction: 0.25)) / 1.349
        func fraction(above limit: Double) -> Double {
            Double(sortedScaled.count { abs($0) > limit }) / Double(sortedScaled.count)
        }
        outliersAbove005 = fraction(above: 0.05)
        outliersAbove015 = fraction(above: 0.15)
        outliersAboveThreeSigma = fraction(above: Self.outlierLimit(sigmaIQR: sigmaIQR))
    }

    /// The |dz| beyond which a galaxy is an outlier to LSST: 3 sigma_IQR, and 0.06 at least (Graham et al. 2018, AJ
    /// 155, 1, whose dz is over 1 + zp).
    package static func outlierLimit(sigmaIQR: Double) -> Double { max(0.06, 3 * sigmaIQR) }
}
