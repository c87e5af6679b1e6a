import Foundation
import Report
import Testing

/// Galaxies from a generator of a line of code, so that the expected values could be worked out with numpy: a linear
/// congruential one whose top 53 bits make a number in [0, 1).
private func pseudoRandom(_ count: Int, seed: UInt64) -> [Double] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53)
    }
}

struct Galaxies: Sendable, CustomTestStringConvertible {
    let count: Int
    let seed: UInt64
    let width: Double
    /// MAE, MSE, Bias, Precision, R2; sigma_MAD, median bias, sigma_IQR, the three outlier fractions.
    let expected: [Double]

    var testDescription: String { "\(count) galaxies of width \(width)" }

    var redshifts: (predicted: [Double], spectroscopic: [Double]) {
        let numbers = pseudoRandom(2 * count, seed: seed)
        let spectroscopic = numbers[..<count].map { 0.01 + 0.39 * $0 }
        let predicted = zip(spectroscopic, numbers[count...]).map { zs, number in
            let error = number - 0.5
            return zs + width * (8 * error * error * error + 0.3 * error) + 0.002
        }
        return (predicted, spectroscopic)
    }

    /// Worked out with numpy 2 from the same numbers (`np.mean`, `np.median`, `np.percentile`).
    static let cases = [
        Galaxies(
            count: 2, seed: 1, width: 0.05,
            expected: [
                0.0029657591431804797, 1.5379149934747035e-05, 0.002188312458759838, 0.0037284252313687385,
                0.9455665339660658, 0.0037349751675860078, 0.002188312458759838, 0.0018674619995636102, 0, 0, 0,
            ]),
        Galaxies(
            count: 7, seed: 2, width: 0.05,
            expected: [
                0.016092437267185133, 0.000456570493147105, 0.010153529026706343, 0.008818897161282249,
                0.9656252736323472, 0.008834389818457473, 0.007891187322200021, 0.010721442656183718, 0, 0, 0,
            ]),
        Galaxies(
            count: 1000, seed: 3, width: 0.05,
            expected: [
                0.01599151617553935, 0.000513507218764426, 0.0014837019161926565, 0.011501627000916958,
                0.9596416213367778, 0.011521832561864514, 0.0015704530045436928, 0.011489775080458918, 0.009, 0, 0,
            ]),
        Galaxies(
            count: 1001, seed: 4, width: 0.4,
            expected: [
                0.12841670379842177, 0.032766359739066594, 0.00817598307031506, 0.0971562233796133,
                -1.494252751256059, 0.0973269032314964, 0.002288283537992093, 0.10004782195318739,
                0.5664335664335665, 0.2937062937062937, 0.08491508491508491,
            ]),
        Galaxies(
            count: 4096, seed: 5, width: 0.02,
            expected: [
                0.0069605263494019205, 8.864988191694691e-05, 0.0016776093141807195, 0.0048684018712636876,
                0.9932015691760647, 0.004876954469145637, 0.0016690467606101402, 0.0048417147492883245, 0, 0, 0,
            ]),
    ]
}

extension Quality {
    fileprivate var values: [Double?] {
        reference.lines.map(\.value) + field.lines.map(\.value)
    }
}

@Test("Both families agree with numpy to 1e-12", arguments: Galaxies.cases)
func measuresAgreeWithNumpy(galaxies: Galaxies) throws {
    let (predicted, spectroscopic) = galaxies.redshifts
    let quality = try Quality(predicted: predicted, spectroscopic: spectroscopic)
    #expect(quality.galaxies == galaxies.count)
    #expect(quality.skipped == 0)
    #expect(quality.values.count == galaxies.expected.count)
    for (value, expected) in zip(quality.values, galaxies.expected) {
        let value = try #require(value)
        #expect(abs(value - expected) <= 1e-12 * max(1, abs(expected)))
    }
}

@Test("Quality does not depend on the galaxies' order beyond rounding")
func orderDoesNotMatter() throws {
    let (predicted, spectroscopic) = Galaxies.cases[3].redshifts
    let forwards = try Quality(predicted: predicted, spectroscopic: spectroscopic)
    let backwards = try Quality(predicted: predicted.reversed(), spectroscopic: spectroscopic.reversed())
    #expect(forwards.field == backwards.field)
    #expect(abs(forwards.reference.meanSquaredError - backwards.reference.meanSquaredError) < 1e-14)
}

@Test("One galaxy has every measure but R2")
func oneGalaxy() throws {
    let quality = try Quality(predicted: [0.2], spectroscopic: [0.25])
    #expect(abs(quality.reference.meanAbsoluteError - 0.05) < 1e-15)
    #expect(abs(quality.reference.bias + 0.04) < 1e-15)
    #expect(quality.reference.precision == 0)
    #expect(quality.reference.r2 == nil)
    #expect(quality.field.sigmaIQR == 0)
    #expect(quality.field.outliersAbove005 == 0)
}

@Test("Equal spectroscopic redshifts leave R2 undefined, whatever their mean rounds to", arguments: [0.1, 0.3, 0.0])
func constantRedshift(redshift: Double) throws {
    let quality = try Quality(
        predicted: (0..<10).map { redshift + 0.01 * Double($0) },
        spectroscopic: Array(repeating: redshift, count: 10))
    #expect(quality.reference.r2 == nil)
    #expect(quality.reference.lines.last?.valueText == "undefined")
    let json = try #require(String(data: JSONEncoder().encode(quality), encoding: .utf8))
    #expect(json.contains("\"R2\":null"))
}

@Test(
    "A galaxy without two finite redshifts is skipped and counted",
    arguments: [(Double.nan, 0.1), (.infinity, 0.1), (0.1, .nan), (0.1, -.infinity), (0.1, -1)])
func nonFiniteRedshiftsAreSkipped(predicted: Double, spectroscopic: Double) throws {
    let clean = try Quality(predicted: [0.11, 0.21, 0.32], spectroscopic: [0.1, 0.2, 0.3])
    let quality = try Quality(predicted: [0.11, predicted, 0.21, 0.32], spectroscopic: [0.1, spectroscopic, 0.2, 0.3])
    #expect(quality.skipped == 1)
    #expect(quality.galaxies == 3)
    #expect(quality.reference == clean.reference)
    #expect(quality.field == clean.field)
    #expect(quality.text.contains("1 skipped"))
}

@Test(
    "Nothing to measure is an error that says so",
    arguments: [
        ([], [], "no galaxies"), ([.nan, 0.1], [0.1, .nan], "no galaxy of 2"), ([0.1], [0.1, 0.2], "1 predicted"),
    ] as [([Double], [Double], String)])
func nothingToMeasure(predicted: [Double], spectroscopic: [Double], message: String) throws {
    let error = try #require(throws: ReportError.self) {
        try Quality(predicted: predicted, spectroscopic: spectroscopic)
    }
    #expect(error.description.contains(message))
}

@Test("JSON carries both families under their names, and reads back")
func jsonRoundTrip() throws {
    let (predicted, spectroscopic) = Galaxies.cases[2].redshifts
    let quality = try Quality(predicted: predicted, spectroscopic: spectroscopic)
    let data = try JSONEncoder().encode(quality)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let reference = try #require(object["reference"] as? [String: Double])
    let field = try #require(object["field"] as? [String: Double])
    #expect(Set(reference.keys) == ["MAE", "MSE", "Bias", "Precision", "R2"])
    #expect(
        Set(field.keys) == [
            "sigma_MAD", "median_bias", "sigma_IQR", "outliers_0.05", "outliers_0.15", "outliers_3sigma",
        ])
    #expect(try JSONDecoder().decode(Quality.self, from: data) == quality)
}

@Test("Sums that overflow become null in JSON, not an error")
func overflowIsNull() throws {
    let quality = try Quality(predicted: [1e300, -1e300], spectroscopic: [0.1, 0.2])
    let json = try #require(String(data: JSONEncoder().encode(quality), encoding: .utf8))
    #expect(json.contains("\"MSE\":null"))
}

@Test("The text labels both families")
func textLabelsBothFamilies() throws {
    let (predicted, spectroscopic) = Galaxies.cases[2].redshifts
    let text = try Quality(predicted: predicted, spectroscopic: spectroscopic).text
    for expected in ["reference measures", "  MAE           0.015992", "field measures", "  sigma_IQR     0.011490"] {
        #expect(text.contains(expected))
    }
    #expect(text.hasSuffix("\n"))
}
