import Glibc
import Platform

/// Scores of galaxies that a masked autoencoder reconstructs better or worse than usual at their brightness and noise.
///
/// Each patch and band has two logarithms: of its error over the variance of the noise, and of its error over its own
/// power. The usual value of each at the galaxy's signal to noise is learnt from the set itself: a running median and
/// scatter, separately for patches of the corners, edges and centre. `RobustDistance` measures how far a patch lies
/// from it in all bands and both views, given the covariance of bands. A galaxy's score is the root of the mean square
/// over its patches: about 1 for a usual galaxy. `docs/ANOMALIES.md` has its validation.
public struct AnomalyScores: Sendable {
    /// The source of a galaxy's brightness.
    public enum Brightness: String, Sendable, CaseIterable {
        /// Magnitudes of each band.
        case catalogue
        /// The sum of the pixels over all bands.
        case image
    }

    /// Whether a galaxy's errors are above or below the expected ones.
    public enum Direction: String, Sendable {
        case higher, lower
    }

    /// The score of a galaxy.
    public struct Score: Sendable {
        /// About 1 for a usual galaxy.
        public let score: Double
        /// In each band alone: root mean square of the distances of its patches, negative where the errors are lower.
        public let bands: [Double]
        /// The ratio of errors to expected errors, the geometric mean over patches and bands.
        public let errorRatio: Double

        public var direction: Direction { errorRatio < 1 ? .lower : .higher }
    }

    /// [galaxies]; nil where a pixel is not finite, and for all where there are fewer than `fewest`.
    public let scores: [Score?]
    public let brightness: Brightness

    /// The fewest galaxies from which usual values are learnt.
    public static let fewest = 20
    /// The fewest galaxies in a group of the running median, and the most groups.
    private static let groupSize = 25
    private static let mostGroups = 8
    /// The most galaxies from which usual values are learnt, evenly spaced over the set.
    private static let mostLearnt = 20_000

    /// - Parameter brightness: nil for the catalogue where the set has one.
    public init(_ errors: ReconstructionErrors, brightness: Brightness? = nil) {
        self.brightness = errors.magnitudes == nil ? .image : brightness ?? .catalogue
        let usable = (0..<errors.count).filter(errors.isFinite)
        guard usable.count >= Self.fewest else {
            scores = [Score?](repeating: nil, count: errors.count)
            return
        }
        let views = ErrorViews(errors, brightness: self.brightness, galaxies: usable)
        let step = (usable.count + Self.mostLearnt - 1) / Self.mostLearnt
        let learnt = stride(from: 0, to: usable.count, by: step).map { $0 }
        let groups = min(Self.mostGroups, max(1, learnt.count / Self.groupSize))
        let classes = PatchClasses(grid: errors.grid)
        let size = 2 * errors.bands
        var squares = [Double](repeating: 0, count: usable.count)
        var bands = [Double](repeating: 0, count: usable.count * errors.bands)
        var ratios = bands
        for number in 0..<classes.count {
            let patches = classes.patches(of: number)
            let usual = (0..<size).map { element in
                UsualValue(
                    learnt.flatMap { galaxy in
                        patches.map { views.point(galaxy, patch: $0, element: element) }
                    }, groups: groups)
            }
            func vector(_ galaxy: Int, _ patch: Int) -> (distances: [Double], logRatios: [Double]) {
                var (distances, logRatios): ([Double], [Double]) = ([], [])
                for element in 0..<size {
                    let point = views.point(galaxy, patch: patch, element: element)
                    let expected = usual[element].expected(at: point.x)
                    distances.append((point.y - expected.median) / expected.scatter)
                    if element < errors.bands { logRatios.append(point.y - expected.median) }
                }
                return (distances, logRatios)
            }
            let distance = RobustDistance(
                learnt.flatMap { galaxy in patches.flatMap { vector(galaxy, $0).distances } }, size: size)
            for galaxy in usable.indices {
                for patch in patches {
                    let (distances, logRatios) = vector(galaxy, patch)
                    squares[galaxy] += distance.squared(distances[...])
                    for band in 0..<errors.bands {
                        let (absolute, relative) = (distances[band], distances[errors.bands + band])
                        bands[galaxy * errors.bands + band] += (absolute * absolute + relative * relative) / 2
                        ratios[galaxy * errors.bands + band] += logRatios[band]
                    }
                }
            }
        }
        var scores = [Score?](repeating: nil, count: errors.count)
        let patches = Double(errors.patches)
        for (index, galaxy) in usable.enumerated() {
            let places = index * errors.bands..<(index + 1) * errors.bands
            scores[galaxy] = Score(
                score: (squares[index] / patches).squareRoot(),
                bands: places.map { (bands[$0] / patches).squareRoot() * (ratios[$0] < 0 ? -1 : 1) },
                errorRatio: exp(ratios[places].reduce(0, +) / (patches * Double(errors.bands))))
        }
        self.scores = scores
    }

    /// Indices of all galaxies by descending score; galaxies without a score last, equal scores in input order. Without
    /// any score, by descending loss.
    public func ranking(losses: [Float]) -> [Int] {
        let hasScores = scores.contains { $0 != nil }
        let keys = scores.indices.map { index in
            let key = hasScores ? scores[index]?.score ?? -.infinity : Double(losses[index])
            return key.isNaN ? -.infinity : key
        }
        return keys.indices.sorted { (keys[$1], $0) < (keys[$0], $1) }
    }
}

/// The two views of errors, and the brightness at which they are compared.
private struct ErrorViews {
    private let errors: ReconstructionErrors
    private let galaxies: [Int]
    private let floor: [Double]
    /// [usable galaxies, bands]
    private let brightness: [Double]

    init(_ errors: ReconstructionErrors, brightness: AnomalyScores.Brightness, galaxies: [Int]) {
        self.errors = errors
        self.galaxies = galaxies
        let floor = errors.noiseFloor
        self.floor = floor
        let bands = errors.bands
        switch brightness {
        case .image:
            let ratios = errors.signalToNoise
            self.brightness = galaxies.flatMap { galaxy in
                [Double](repeating: log1p(ratios[galaxy]), count: bands)
            }
        case .catalogue:
            let magnitudes = errors.magnitudes ?? []
            var values = galaxies.flatMap { galaxy in
                (0..<bands).map { band in
                    let place = galaxy * bands + band
                    return -0.4 * log(10.0) * Double(magnitudes[place]) - log(errors.noise(place, floor))
                }
            }
            // A galaxy without a magnitude is compared with galaxies of median brightness.
            for band in 0..<bands {
                let places = stride(from: band, to: values.count, by: bands)
                let known = places.map { values[$0] }.filter(\.isFinite).sorted()
                let middle = known.isEmpty ? 0 : Statistics.median(sorted: known)
                for place in places where !values[place].isFinite { values[place] = middle }
            }
            self.brightness = values
        }
    }

    /// - Parameters:
    ///   - galaxy: index among usable galaxies.
    ///   - element: a band, of the first view, then of the second.
    func point(_ galaxy: Int, patch: Int, element: Int) -> (x: Double, y: Double) {
        let band = element % errors.bands
        let place = (galaxies[galaxy] * errors.patches + patch) * errors.bands + band
        let sigma = errors.noise(galaxies[galaxy] * errors.bands + band, floor)
        let variance = sigma * sigma
        let scale = element < errors.bands ? variance : max(Double(errors.power[place]), variance)
        return (
            brightness[galaxy * errors.bands + band], log(max(Double(errors.errors[place]), 1e-12 * variance) / scale)
        )
    }
}
