import Synchronization
import Testing

@testable import Inference
@testable import Platform
@testable import Report

extension Quality {
    /// In the order of intervals; NaN where undefined.
    fileprivate var values: [Double] { (reference.lines + field.lines).map { $0.value ?? .nan } }
}

extension QualityIntervals {
    fileprivate init(
        predicted: [Double], spectroscopic: [Double], resamples: Int? = nil, seed: UInt64 = usualSeed,
        forEach: ForEach = { (0..<$0).forEach($1) }
    ) throws(Failure) {
        let compared = try ComparedRedshifts(predicted: predicted, spectroscopic: spectroscopic)
        self.init(compared, resamples: resamples, seed: seed, forEach: forEach)
    }
}

extension SortedRedshifts {
    fileprivate init(predicted: [Double], spectroscopic: [Double]) throws(Failure) {
        self.init(try ComparedRedshifts(predicted: predicted, spectroscopic: spectroscopic))
    }
}

private func agree(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count
        && zip(found, expected).allSatisfy { found, expected in
            abs(found - expected) <= 1e-12 * max(1, abs(expected)) || (found.isNaN && expected.isNaN)
        }
}

@Test("Measures with all weights 1 equal those of Quality", arguments: Galaxies.cases)
func onceEach(galaxies: Galaxies) throws {
    let (predicted, spectroscopic) = galaxies.redshifts
    let sorted = try SortedRedshifts(predicted: predicted, spectroscopic: spectroscopic)
    let sample = ResampledQuality(scaled: sorted.scaled, truths: sorted.truths)
    #expect(agree(sample.measures(), try Quality(predicted: predicted, spectroscopic: spectroscopic).values))
}

@Test(
    "Measures with weights 0 to 3 agree with numpy on repeated galaxies to 1e-12",
    arguments: [
        Galaxies(
            count: 7, seed: 2, width: 0.05,
            expected: [
                0.016794987232281455, 0.0005457434357726181, 0.008597531575458263, 0.012579072620354122,
                0.964424752374428, 0.012601170991173662, 0.0025183787315035313, 0.006734825129427988, 0, 0, 0,
            ]),
        Galaxies(
            count: 1000, seed: 3, width: 0.05,
            expected: [
                0.015249324590400576, 0.0004760191798708741, 0.0018581645464645583, 0.011081800355061263,
                0.9619292198716001, 0.011101268382712045, 0.0015798393234023884, 0.011135632486938458,
                0.008801624915368992, 0, 0,
            ]),
        Galaxies(
            count: 1001, seed: 4, width: 0.4,
            expected: [
                0.12912932173345287, 0.03312857150698459, 0.006560297150926313, 0.09830015317653826, -1.5850681708328,
                0.09847284263482135, 0.0030095538945898847, 0.09708063097934098, 0.5595567867036011,
                0.30055401662049863, 0.09833795013850416,
            ]),
    ])
func severalTimes(galaxies: Galaxies) throws {
    let (predicted, spectroscopic) = galaxies.redshifts
    let sorted = try SortedRedshifts(predicted: predicted, spectroscopic: spectroscopic)
    let weights = pseudoRandom(galaxies.count, seed: 90 + galaxies.seed).map { UInt8(4 * $0) }
    let sample = ResampledQuality(scaled: sorted.scaled, truths: sorted.truths, weights: weights)
    #expect(agree(sample.measures(), galaxies.expected))
}

struct BootstrapCase: Sendable, CustomTestStringConvertible {
    let galaxies: Galaxies
    let low: [Double]
    let high: [Double]
    var testDescription: String { galaxies.testDescription }

    /// Of 40,000 samples that numpy drew: Tests/Fixtures/quality/expected.py.
    static let cases = [
        BootstrapCase(
            galaxies: Galaxies(count: 100, seed: 7, width: 0.4),
            low: [
                0.09865526841714299, 0.02151248589036446, -0.03686391841672738, 0.0433996497270588, -2.3450353913359243,
                0.04347589235495768, -0.015349578476005848, 0.04677130866974449, 0.42, 0.24, 0,
            ],
            high: [
                0.1464962791175033, 0.03963715202197715, 0.019974169665879237, 0.16090517414178307,
                -0.6286602396568282, 0.16118784539365377, 0.00548935074907891, 0.1528447728539048, 0.62, 0.42, 0.29,
            ]),
        BootstrapCase(
            galaxies: Galaxies(count: 1000, seed: 4, width: 0.4),
            low: [
                0.12060906708323349, 0.02967418559597877, -0.0017333530547919054, 0.08705547429321536,
                -1.7802381918815593, 0.08720840958589263, -0.0011054313195326708, 0.08720811767419238, 0.541, 0.27,
                0.046,
            ],
            high: [
                0.13635688604160348, 0.03600040950070138, 0.017213346903933547, 0.11345541356901453,
                -1.2345800405667633, 0.11365472713339253, 0.00603464463353868, 0.11345149834776128, 0.603, 0.326, 0.124,
            ]),
    ]
}

/// The percentile p of B draws from a normal distribution has the standard deviation sqrt(p (1 - p) / B) / density, in
/// units of sigma: 0.042 for 2.5% and B = 4,000. Five of those are 0.054 of the interval, which is 3.92 sigma wide.
@Test(
    "Intervals agree with numpy's bootstrap within the error of 4,000 resamples", arguments: BootstrapCase.cases
)
func intervalsAgreeWithBruteForce(example: BootstrapCase) throws {
    let (predicted, spectroscopic) = example.galaxies.redshifts
    let found = try QualityIntervals(predicted: predicted, spectroscopic: spectroscopic, resamples: 4000)
    #expect(found.resamples == 4000)
    #expect(found.intervals.count == 11)
    for (index, interval) in found.intervals.prefix(Measure.outliersAbove005).enumerated() {
        let interval = try #require(interval)
        let (low, high) = (example.low[index], example.high[index])
        let slack = 0.054 * (high - low) + 1e-9
        #expect(abs(interval.lowerBound - low) <= slack, "measure \(index): \(interval), expected \(low)")
        #expect(abs(interval.upperBound - high) <= slack, "measure \(index): \(interval), expected \(high)")
    }
}

@Test(
    "The interval of a fraction is Wilson's: of none it begins at 0, of all it ends at 1, and it has a width",
    arguments: [
        (part: 0, total: 512, low: 0, high: 0.00744697572288274), (512, 512, 0.9925530242771172, 1),
        (1, 512, 0.00034485776154337454, 0.010979278212421855), (7, 100, 0.03431926106727267, 0.137495147390735),
        (0, 1, 0, 0.7934506856227626), (1, 1, 0.2065493143772374, 1),
        (500, 1000, 0.4690696003681042, 0.5309303996318958),
        (3, 1_000_000, 1.0202712409681227e-06, 8.821149774312436e-06),
    ])
func fractionIntervals(part: Int, total: Int, low: Double, high: Double) {
    let found = Statistics.fractionInterval(part, of: total)
    #expect(abs(found.lowerBound - low) < 1e-14 && abs(found.upperBound - high) < 1e-14, "\(found)")
}

@Test("Fractions of outliers have the intervals of their counts, also without outliers")
func outlierIntervals() throws {
    let spectroscopic = (0..<512).map { 0.1 + Double($0) / 1000 }
    var predicted = spectroscopic.map { $0 + 0.01 }
    func intervals() throws -> [ClosedRange<Double>?] {
        let found = try QualityIntervals(predicted: predicted, spectroscopic: spectroscopic, resamples: 20)
        return [Measure.outliersAbove005, Measure.outliersAbove015, Measure.outliersAboveThreeSigma].map { found[$0] }
    }
    let none = Statistics.fractionInterval(0, of: 512)
    #expect(try intervals() == [none, none, none])
    predicted[0] = 0.2
    predicted[1] = 0.9
    let (one, two) = (Statistics.fractionInterval(1, of: 512), Statistics.fractionInterval(2, of: 512))
    #expect(try intervals() == [two, one, two])
}

@Test(
    "The same seed gives the same intervals in any order and on any threads; another seed gives others")
func intervalsAreReproducible() throws {
    let (predicted, spectroscopic) = Galaxies.cases[2].redshifts
    let forwards = try QualityIntervals(predicted: predicted, spectroscopic: spectroscopic, resamples: 40)
    let backwards = try QualityIntervals(
        predicted: predicted, spectroscopic: spectroscopic, resamples: 40,
        forEach: { count, body in (0..<count).reversed().forEach(body) })
    let shuffled = try QualityIntervals(
        predicted: predicted.reversed(), spectroscopic: spectroscopic.reversed(), resamples: 40)
    let other = try QualityIntervals(predicted: predicted, spectroscopic: spectroscopic, resamples: 40, seed: 1)
    #expect(forwards == backwards)
    #expect(forwards == shuffled)
    #expect(forwards != other)
}

@Test("A single galaxy has intervals of width 0, and no R2")
func intervalsOfOne() throws {
    let one = try QualityIntervals(predicted: [0.2], spectroscopic: [0.25])
    #expect(one.resamples == 1000)
    #expect(one[Measure.r2] == nil)
    let absolute = try #require(one[Measure.meanAbsoluteError])
    #expect(absolute.lowerBound == absolute.upperBound)
    #expect(abs(absolute.lowerBound - 0.05) < 1e-15)
}

@Test("Equal spectroscopic redshifts have no interval of R2")
func intervalsOfConstantRedshift() throws {
    let found = try QualityIntervals(
        predicted: (0..<20).map { 0.1 + 0.01 * Double($0) }, spectroscopic: Array(repeating: 0.1, count: 20))
    #expect(found[Measure.r2] == nil)
    #expect(found[Measure.sigmaMAD] != nil)
}

@Test("Galaxies that are not finite do not count; without finite galaxies the error is that of Quality")
func intervalsOfNothing() throws {
    let (predicted, spectroscopic) = Galaxies.cases[1].redshifts
    let clean = try QualityIntervals(predicted: predicted, spectroscopic: spectroscopic, resamples: 20)
    let withNaN = try QualityIntervals(
        predicted: predicted + [.nan, 0.1], spectroscopic: spectroscopic + [0.1, .infinity], resamples: 20)
    #expect(clean == withNaN)
    for (predicted, spectroscopic) in [([], []), ([.nan], [0.1]), ([0.1], [0.1, 0.2])] as [([Double], [Double])] {
        let quality = #expect(throws: Failure.self) {
            try Quality(predicted: predicted, spectroscopic: spectroscopic)
        }
        let intervals = #expect(throws: Failure.self) {
            try QualityIntervals(predicted: predicted, spectroscopic: spectroscopic)
        }
        #expect(intervals == quality)
    }
}

@Test("A sample of the galaxies has the distribution of all, in their order")
func thinning() throws {
    let (predicted, spectroscopic) = Galaxies.cases[4].redshifts
    let all = try SortedRedshifts(predicted: predicted, spectroscopic: spectroscopic)
    let part = all.thinned(toAtMost: 1000)
    #expect(part.scaled.count == 1000)
    #expect(part.scaled == part.scaled.sorted())
    #expect(Set(part.scaled).isSubset(of: all.scaled))
    #expect(all.thinned(toAtMost: 5000).scaled == all.scaled)
    // Medians of 4,096 galaxies and of each fourth: adjacent values are some 1e-5 apart in the middle.
    #expect(abs(part.scaled[500] - all.scaled[2048]) < 5e-5)
}

@Test("Galaxies are drawn with equal probability: chi-squared of 1,000 draws of each of 100 is within five sigma")
func drawsAreEven() {
    var random = RandomNumbers(seed: 5, stream: 3)
    var counts = [Int](repeating: 0, count: 100)
    for _ in 0..<100_000 { counts[random.index(below: 100)] += 1 }
    let chiSquared = counts.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
    // 99 degrees of freedom: mean 99, standard deviation sqrt(198) = 14.1.
    #expect(abs(chiSquared - 99) < 5 * 14.1)
}
