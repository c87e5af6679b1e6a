import AstroMAE
import Platform

/// Redshift intervals of stated coverage around z_phot, by split conformal prediction (Papadopoulos et al. 2002; Lei et al.
/// 2018): the half-width at a level is a quantile of |z_spec - z_phot| over labelled galaxies that the network was not
/// trained on, separately in bins of z_phot or of a magnitude (Mondrian: Vovk et al. 2005).
///
/// With n galaxies in a bin, the half-width at level p is the ceil((n + 1) p)-th smallest error. If the galaxies of the bin
/// and a new one are exchangeable, its interval covers z_spec with a probability of at least p, and at most p + 1/(n + 1)
/// where no two errors are equal.
public struct Calibration: Sendable, Equatable {
    /// Galaxies whose z_phot or magnitude is from `lower` up to, but not including, `upper`.
    public struct Bin: Sendable, Equatable {
        /// nil of the first bin.
        public let lower: Float?
        /// nil of the last bin.
        public let upper: Float?
        /// The number of galaxies that its half-widths are from.
        public let galaxies: Int
        /// Half of an interval's width at each level.
        public let halfWidths: [Double]
    }

    /// What the labelled predictions were computed from and by.
    public struct Origin: Sendable, Equatable, Codable {
        /// The file of labelled predictions.
        public let predictions: String
        /// Its SHA-256, in hexadecimal digits.
        public let predictionsSHA256: String
        /// Path or URL of the weights.
        public let weights: String
        /// SHA-256 of the weights' file, in hexadecimal digits.
        public let weightsSHA256: String
        /// `Arithmetic` of the predictions, such as `2 packed float32`; nil where they do not state it.
        public let arithmetic: String?
        /// The one of several networks in the weights (`--network`); nil where the predictions state none.
        public let network: String?
        /// Attention heads; nil where the predictions do not state them.
        public let numHeads: String?
        /// `float32` or `bf16`; nil where the predictions state no origin.
        public let precision: String?

        public init(
            predictions: String, predictionsSHA256: String, weights: String, weightsSHA256: String,
            arithmetic: String?, network: String? = nil, numHeads: String? = nil, precision: String? = nil
        ) {
            (self.network, self.numHeads, self.precision) = (network, numHeads, precision)
            (self.predictions, self.predictionsSHA256) = (predictions, predictionsSHA256)
            (self.weights, self.weightsSHA256, self.arithmetic) = (weights, weightsSHA256, arithmetic)
        }

        enum CodingKeys: String, CodingKey {
            case predictions, weights, arithmetic, network, precision
            case numHeads = "num_heads"
            case predictionsSHA256 = "predictions_sha256"
            case weightsSHA256 = "weights_sha256"
        }
    }

    /// Probabilities of coverage, ascending.
    public let levels: [CoverageLevel]
    /// What the bins are of.
    public let by: BinnedQuantity
    /// In ascending order, without gaps.
    public let bins: [Bin]
    /// Which labelled galaxies were used.
    public let split: CalibrationSplit
    public let origin: Origin

    /// Labelled galaxies that were used.
    public var galaxies: Int { bins.reduce(0) { $0 + $1.galaxies } }

    /// - Parameters:
    ///   - predicted: z_phot of labelled galaxies.
    ///   - spectroscopic: z_spec of the same galaxies.
    ///   - by: what the bins are of.
    ///   - magnitudes: of the same galaxies, in the band of `by`; not read for bins of z_phot.
    ///   - bins: their number; each has the same number of galaxies, but for equal values.
    /// - Throws: `Failure` where a bin has too few galaxies for a level, or values are equal across bins.
    ///
    /// Galaxies of which a redshift, or the magnitude of `by`, is not finite are left out.
    public init(
        predicted: [Double], spectroscopic: [Double], by: BinnedQuantity = .zPhot, magnitudes: [Double] = [],
        levels: [CoverageLevel], bins count: Int, split: CalibrationSplit, origin: Origin
    ) throws(Failure) {
        let values = by == .zPhot ? predicted : magnitudes
        guard values.count == predicted.count, spectroscopic.count == predicted.count else {
            throw Failure(
                "expected a z_spec and a \(by.column) for each of \(predicted.count) z_phot, found "
                    + "\(spectroscopic.count) and \(values.count)")
        }
        let galaxies = predicted.indices
            .map { (value: Float(values[$0]), error: abs(spectroscopic[$0] - Double(Float(predicted[$0])))) }
            .filter { $0.value.isFinite && $0.error.isFinite }
            .sorted { $0.value < $1.value }
        guard galaxies.count >= count else {
            throw Failure("expected at least one galaxy for each of \(count) bins, found \(galaxies.count)")
        }
        var starts = [0]
        for bin in 1..<max(1, count) {
            // Equal values belong to one bin.
            let edge = galaxies[galaxies.count * bin / count].value
            let start = galaxies.firstIndex { $0.value >= edge } ?? 0
            guard start > starts[bin - 1] else {
                throw Failure(
                    "expected \(count) bins of different \(by.column), found more than \(galaxies.count / count) "
                        + "galaxies of \(by.column) \(edge): lower --bins")
            }
            starts.append(start)
        }
        var made: [Bin] = []
        for (index, start) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : galaxies.count
            let errors = galaxies[start..<end].map(\.error).sorted()
            let name = "bin \(index + 1) of \(count)"
            made.append(
                Bin(
                    lower: index == 0 ? nil : galaxies[start].value,
                    upper: end == galaxies.count ? nil : galaxies[end].value, galaxies: errors.count,
                    halfWidths: try levels.map { (level) throws(Failure) in try level.quantile(errors, of: name) }))
        }
        (self.levels, self.by, self.bins, self.split, self.origin) = (levels, by, made, split, origin)
    }

    /// The index of the bin that a value of `by` belongs to; nil of NaN. Values beyond those of the labelled galaxies
    /// belong to the first or the last bin.
    public func bin(of value: Float) -> Int? {
        value.isNaN ? nil : bins.firstIndex { bin in bin.upper.map { value < $0 } ?? true }
    }

    /// The interval at each level, rounded outward to float32; NaN where `zPhot`, or the magnitude of bins by magnitude,
    /// is not finite.
    /// - Parameter magnitude: in the band of `by`; not read for bins of z_phot.
    public func intervals(_ zPhot: Float, magnitude: Float = .nan) -> [(low: Float, high: Float)] {
        let value = by == .zPhot ? zPhot : magnitude
        guard zPhot.isFinite, value.isFinite, let bin = bin(of: value) else { return levels.map { _ in (.nan, .nan) } }
        return bins[bin].halfWidths.map { halfWidth in
            let (low, high) = (Double(zPhot) - halfWidth, Double(zPhot) + halfWidth)
            let nearest = (low: Float(low), high: Float(high))
            return (
                Double(nearest.low) > low ? nearest.low.nextDown : nearest.low,
                Double(nearest.high) < high ? nearest.high.nextUp : nearest.high
            )
        }
    }

    /// Checks that predictions are of the weights and the arithmetic that the calibration was made with.
    /// - Parameters:
    ///   - weights: path or URL of their weights.
    ///   - sha256: of these, in hexadecimal digits.
    ///   - arithmetic: of the predictions; nil where they do not state it. Compared where both are known.
    ///   - choices: `RunChoices` of the predictions, of which `network`, `num_heads` and `precision` are
    ///     compared where both are known. They state a precision that is not float32.
    ///   - name: the calibration.
    /// - Throws: `Failure` with both.
    package func check(
        _ weights: String, sha256: String, arithmetic: String?, choices: [String: String], name: String
    ) throws(Failure) {
        if sha256 == origin.weightsSHA256 {
            let compared = [
                ("network", origin.network, choices["network"]), ("num_heads", origin.numHeads, choices["num_heads"]),
                ("precision", origin.precision, choices["precision"] ?? Precision.float32.rawValue),
            ]
            for (what, made, found) in compared {
                guard let made, let found, made != found else { continue }
                throw Failure("\(name) is of \(what) \(made) in these weights: expected a calibration of \(found)")
            }
            guard let arithmetic, let made = origin.arithmetic, arithmetic != made else { return }
            throw Failure(
                "\(name) is of the arithmetic \(made): expected a calibration of \(arithmetic) (--gemm, --precision, "
                    + "CAI_ISA)")
        }
        throw Failure(
            "\(name) is of weights \(origin.weights) (SHA-256 \(origin.weightsSHA256)): expected a calibration of \(weights) "
                + "(SHA-256 \(sha256))")
    }

    /// The names of the columns that hold the intervals: `z_low_68`, `z_high_68`, ...
    public var columns: [String] { levels.flatMap { ["z_low_\($0.name)", "z_high_\($0.name)"] } }
}

/// A probability of coverage: more than 0, less than 1, in steps of 0.001%.
public struct CoverageLevel: Sendable, Equatable, Comparable {
    /// In units of 0.001%: 68,000 for 68%.
    private let thousandths: Int

    public var probability: Double { Double(thousandths) / 100_000 }

    /// `68`, `99_7`: in per cent, as a part of a column's name.
    public var name: String { percent.replacing(".", with: "_") }

    /// `68%`, `99.7%`
    public var text: String { percent + "%" }

    private var percent: String {
        let (whole, rest) = thousandths.quotientAndRemainder(dividingBy: 1000)
        guard rest > 0 else { return "\(whole)" }
        var digits = String("\(1000 + rest)".dropFirst())
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits)"
    }

    /// nil for anything else than a probability in these steps.
    public init?(_ probability: Double) {
        guard probability > 0, probability < 1 else { return nil }
        thousandths = Int((probability * 100_000).rounded())
        guard 1..<100_000 ~= thousandths, abs(self.probability - probability) < 1e-9 else { return nil }
    }

    public static func < (one: Self, other: Self) -> Bool { one.thousandths < other.thousandths }

    /// The rank of the half-width among `count` sorted errors, from 1: ceil((count + 1) p). It may exceed `count`.
    public func rank(of count: Int) -> Int { ((count + 1) * thousandths + 99_999) / 100_000 }

    /// - Parameter errors: ascending.
    /// - Throws: `Failure` where there are too few.
    fileprivate func quantile(_ errors: [Double], of name: String) throws(Failure) -> Double {
        let rank = rank(of: errors.count)
        guard rank <= errors.count else {
            throw Failure(
                "\(name): has \(errors.count) galaxies, too few for a level of \(text): expected at least \(least), fewer "
                    + "--bins, or lower --levels")
        }
        return errors[rank - 1]
    }

    /// The least number of galaxies of a bin: ceil(p / (1 - p)).
    public var least: Int { 99_999 / (100_000 - thousandths) }
}
