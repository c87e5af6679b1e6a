import Testing

@testable import Inference
@testable import Platform
@testable import Report

extension QualityByRedshift {
    fileprivate init(predicted: [Double], spectroscopic: [Double], width: Double? = nil) throws(Failure) {
        try self.init(try ComparedRedshifts(predicted: predicted, spectroscopic: spectroscopic), width: width)
    }
}

@Test("Bins of redshift have numpy's measures of their galaxies to 1e-12")
func binsAgreeWithNumpy() throws {
    // Tests/Fixtures/quality/expected.py: galaxies, then MAE, Bias, sigma_MAD, median bias, outliers above 0.05.
    let expected: [(Int, [Double])] = [
        (
            220,
            [
                0.015587364835927965, 0.004705821361945736, 0.00951564061151854, 0.002090038082697005,
                0.04090909090909091,
            ]
        ),
        (264, [0.015469432879548975, -0.00033364346943457184, 0.013921379780347246, 0.0014740880626999545, 0]),
        (258, [0.015600391830713533, 0.001988706946422914, 0.009550330814510732, 0.0018739681164780455, 0]),
        (258, [0.017261490461667358, 9.076240433414777e-05, 0.012534045686833875, 0.0007290847728863601, 0]),
    ]
    let (predicted, spectroscopic) = Galaxies.cases[2].redshifts
    let bins = try QualityByRedshift(predicted: predicted, spectroscopic: spectroscopic, width: 0.1).bins
    #expect(bins.count == expected.count)
    for (number, (bin, expected)) in zip(bins, expected).enumerated() {
        #expect(abs(bin.redshifts.lowerBound - 0.1 * Double(number)) < 1e-12)
        #expect(abs(bin.redshifts.upperBound - 0.1 * Double(number + 1)) < 1e-12)
        let quality = bin.quality
        #expect(quality.galaxies == expected.0)
        let found = [
            quality.reference.meanAbsoluteError, quality.reference.bias, quality.field.sigmaMAD,
            quality.field.medianBias, quality.field.outliersAbove005,
        ]
        for (found, expected) in zip(found, expected.1) { #expect(abs(found - expected) <= 1e-12) }
        let interval = try #require(bin.intervals?[Measure.sigmaMAD])
        #expect(interval.contains(quality.field.sigmaMAD))
    }
}

@Test("Bins hold their lower bound and not their upper one; empty bins are left out, small ones have no intervals")
func binsHoldTheirLowerBound() throws {
    let bins = try QualityByRedshift(
        predicted: [0, 0.5, 0.5, 2.25, .nan], spectroscopic: [0, 0.5, 0.75, 2, 1], width: 0.5
    ).bins
    #expect(bins.map(\.quality.galaxies) == [1, 2, 1])
    #expect(bins.map(\.redshifts) == [0..<0.5, 0.5..<1, 2..<2.5])
    #expect(bins.allSatisfy { $0.intervals == nil })
}

@Test("The default width is round, and makes five to ten bins of most galaxies")
func widthIsFound() throws {
    let (predicted, spectroscopic) = Galaxies.cases[2].redshifts
    let bins = try QualityByRedshift(predicted: predicted, spectroscopic: spectroscopic).bins
    #expect(bins.count == 8)
    #expect(abs(bins[0].redshifts.upperBound - 0.05) < 1e-12)
    #expect(bins.reduce(0) { $0 + $1.quality.galaxies } == 1000)
}

@Test(
    "Bins exist for equal, distant and negative redshifts",
    arguments: [([0.3, 0.3, 0.3], 1), ([0.1, 1e300], 2), ([-0.5, 0.5], 2)])
func unusualRedshifts(spectroscopic: [Double], count: Int) throws {
    let bins = try QualityByRedshift(predicted: spectroscopic, spectroscopic: spectroscopic).bins
    #expect(bins.count == count)
    #expect(throws: Failure.self) { try QualityByRedshift(predicted: [.nan], spectroscopic: [0.1]) }
    #expect(throws: Failure.self) { try QualityByRedshift(predicted: [], spectroscopic: [0.1]) }
}

@Test("Running medians and percentiles are numpy's to 1e-12")
func runningMedianAgreesWithNumpy() throws {
    // Tests/Fixtures/quality/expected.py: galaxies, median, 16th and 84th percentile.
    let expected: [(Int, [Double])] = [
        (244, [0.002004174030425033, -0.008893511439633628, 0.02513533523553573]),
        (254, [0.0014250518275143076, -0.018069377977018766, 0.016510668842825874]),
        (270, [0.0019406740596498316, -0.011262349464455933, 0.01780097491230495]),
        (232, [0.00023966870264164513, -0.01561357620479247, 0.01590411882041557]),
    ]
    let (predicted, spectroscopic) = Galaxies.cases[2].redshifts
    let scaled = zip(predicted, spectroscopic).map { ($0 - $1) / (1 + $1) }
    let running = RunningMedian(redshifts: spectroscopic, scaled: scaled, range: 0.01...0.41, count: 4)
    #expect(running.steps.count == 4)
    for (number, (step, expected)) in zip(running.steps, expected).enumerated() {
        #expect(step.galaxies == expected.0)
        #expect(abs(step.redshift - (0.06 + 0.1 * Double(number))) < 1e-12)
        for (found, expected) in zip([step.median, step.low, step.high], expected.1) {
            #expect(abs(found - expected) <= 1e-12)
        }
    }
}

@Test("Steps of fewer than ten galaxies are left out, and a range of no width has none")
func runningMedianOfFew() {
    let redshifts = [Double](repeating: 0.1, count: 9) + [Double](repeating: 0.3, count: 10)
    let running = RunningMedian(redshifts: redshifts, scaled: redshifts, range: 0...0.4, count: 2)
    #expect(running.steps.map(\.galaxies) == [10])
    #expect(RunningMedian(redshifts: redshifts, scaled: redshifts, range: 0.1...0.1, count: 2).steps.isEmpty)
}

@Test("Values are counted where they fall; the upper bound in the last bin")
func histogramCounts() {
    let histogram = Histogram([0, 0.1, 0.25, 0.5, 1, 1.1, -0.1, .nan], range: 0...1, count: 4)
    #expect(histogram.counts == [2, 1, 1, 1])
    #expect(histogram.edges == [0, 0.25, 0.5, 0.75, 1])
    #expect(Histogram([1, 2], range: 1...1, count: 3).counts == [0, 0, 0])
}
