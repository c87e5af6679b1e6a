import Foundation
import Testing

@testable import Anomalies

/// Galaxies whose errors follow a formula: error = noise^2 (1 + 20 S/N), times a scatter with period seven; 2 x 2
/// patches, two bands.
private func errors(
    count: Int, scaling: [Int: Float] = [:], magnitudes: Bool = false, broken: Set<Int> = []
) -> ReconstructionErrors {
    let scatter: [Float] = [0.8, 1.3, 1.0, 0.7, 1.1, 0.9, 1.25]
    var (error, power, noise, flux, magnitude): ([Float], [Float], [Float], [Float], [Float]) = ([], [], [], [], [])
    for galaxy in 0..<count {
        let sigma = 0.01 * (1 + Float(galaxy % 5))
        let ratio = exp(Float(galaxy * 37 % count) / Float(count) * 4)
        for patch in 0..<4 {
            for band in 0..<2 {
                let law = sigma * sigma * (1 + 20 * ratio)
                error.append(
                    broken.contains(galaxy)
                        ? .nan : law * scatter[(galaxy * 3 + patch * 5 + band) % 7] * (scaling[galaxy] ?? 1))
                power.append(sigma * sigma * (1 + ratio * ratio))
            }
        }
        for _ in 0..<2 {
            noise.append(sigma)
            flux.append(ratio * sigma * 8)
            magnitude.append(22.5 - 2.5 * log10(ratio * sigma))
        }
    }
    return ReconstructionErrors(
        grid: 2, bands: 2, pixels: 64, errors: error, power: power, noise: noise, flux: flux,
        magnitudes: magnitudes ? magnitude : nil)
}

@Suite("Anomaly scores") struct AnomalyScoreTests {
    @Test("Errors above and below the usual have high scores at any brightness", arguments: [true, false])
    func bothWays(magnitudes: Bool) throws {
        let set = errors(count: 300, scaling: [40: 6, 41: 1 / 6, 250: 6], magnitudes: magnitudes)
        let scores = AnomalyScores(set)
        #expect(scores.brightness == (magnitudes ? .catalogue : .image))
        #expect(Set(scores.ranking(losses: [Float](repeating: 0, count: 300)).prefix(3)) == [40, 41, 250])
        let (high, low) = (try #require(scores.scores[40]), try #require(scores.scores[41]))
        #expect(high.direction == .higher && low.direction == .lower)
        // The formula and its median scatter are fitted to within a fifth.
        #expect(abs(log(high.errorRatio) - log(6)) < 0.2 && abs(log(low.errorRatio) + log(6)) < 0.2)
        #expect(high.bands.allSatisfy { $0 > 3 } && low.bands.allSatisfy { $0 < -3 })
        let usual = scores.scores.compactMap(\.self).map(\.score).sorted()
        #expect(usual.count == 300 && min(high.score, low.score) > 2 * usual[150])
    }

    @Test("Too few galaxies have no scores and are ranked by loss; galaxies with NaN are last")
    func withoutScores() {
        let few = AnomalyScores(errors(count: 19))
        #expect(few.scores == [AnomalyScores.Score?](repeating: nil, count: 19))
        #expect(few.ranking(losses: [1, .nan, 3, 3, 2] + [Float](repeating: 0, count: 14)).prefix(4) == [2, 3, 4, 0])
        let some = AnomalyScores(errors(count: 40, broken: [7, 9]))
        #expect(some.scores.indices.filter { some.scores[$0] == nil } == [7, 9])
        #expect(some.ranking(losses: [Float](repeating: 1, count: 40)).suffix(2) == [7, 9])
    }

    /// Computed by hand: groups of three, centres 1 and 4; medians 2 and 20, deviations {1, 0, 1} and {10, 0, 10}.
    @Test("Usual values are linear between the centres of groups") func usualValuesAreLinearBetweenGroups() {
        let points: [(x: Double, y: Double)] = [(5, 30), (0, 1), (1, 2), (2, 3), (3, 10), (4, 20)]
        let median = UsualValue(points, groups: 2)
        for (x, expected, scatter) in [
            (-3.0, 2.0, 1.4826), (1, 2, 1.4826), (2.5, 11, 8.1543), (4, 20, 14.826), (9, 20, 14.826),
        ] {
            let found = median.expected(at: x)
            #expect(abs(found.median - expected) < 1e-12 && abs(found.scatter - scatter) < 1e-9)
        }
        // Equal values have the minimum scatter, and equal x no slope.
        let flat = UsualValue([(1, 5), (1, 5), (1, 5), (1, 7)], groups: 2)
        #expect(flat.expected(at: 1).scatter == 0.02)
    }

    /// numpy: C = diag(1, 2) + 0.9 * 0.5 off the diagonal from the four vectors; v^T C^-1 v / 2.
    @Test("Distances use the covariance of elements") func distancesUseTheCovariance() {
        let distance = RobustDistance([1, 1.5, -1, -1.5, 1, -1, -1, 1], size: 2)
        // C = [[1, 0.9 * 0.25], [0.9 * 0.25, 1.625]], determinant 1.574375
        func expected(_ a: Double, _ b: Double) -> Double {
            (1.625 * a * a - 2 * 0.225 * a * b + b * b) / 1.574375 / 2
        }
        for (a, b) in [(1.0, 1.0), (1, -1), (0, 3), (2, 0)] {
            #expect(abs(distance.squared([a, b]) - expected(a, b)) < 1e-12)
        }
        #expect(distance.squared([1, -1]) > distance.squared([1, 1]))
        // A vector with weight 100 counts as one of three.
        let clipped = RobustDistance([100, -100, 1, -1, 2, -2], size: 1)
        #expect(abs(clipped.squared([1]) - 6.0 / (2 * 9 + 2 * 1 + 2 * 4)) < 1e-12)
    }

    @Test("Patches at equivalent positions have one class") func equivalentPatchesHaveOneClass() {
        #expect(PatchClasses(grid: 4).numbers == [0, 1, 1, 0, 1, 2, 2, 1, 1, 2, 2, 1, 0, 1, 1, 0])
        #expect(PatchClasses(grid: 3).numbers == [0, 1, 0, 1, 2, 1, 0, 1, 0] && PatchClasses(grid: 1).count == 1)
    }
}

extension AnomalyScores.Score: Equatable {
    public static func == (left: Self, right: Self) -> Bool { left.score == right.score && left.bands == right.bands }
}
