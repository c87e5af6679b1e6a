import Foundation
import Inference
import Platform
import Report
import Testing

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

@Test("A single galaxy has every measure but R2")
func oneGalaxy() throws {
    let quality = try Quality(predicted: [0.2], spectroscopic: [0.25])
    #expect(abs(quality.reference.meanAbsoluteError - 0.05) < 1e-15)
    #expect(abs(quality.reference.bias + 0.04) < 1e-15)
    #expect(quality.reference.precision == 0)
    #expect(quality.reference.r2 == nil)
    #expect(quality.field.sigmaIQR == 0)
    #expect(quality.field.outliersAbove005 == 0)
}

@Test("Equal spectroscopic redshifts leave R2 undefined, however their mean is rounded", arguments: [0.1, 0.3, 0.0])
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
    "An empty set of finite redshifts is an error",
    arguments: [
        ([], [], "no galaxies"), ([.nan, 0.1], [0.1, .nan], "no galaxy of 2"), ([0.1], [0.1, 0.2], "1 predicted"),
    ] as [([Double], [Double], String)])
func nothingToMeasure(predicted: [Double], spectroscopic: [Double], message: String) throws {
    let error = try #require(throws: Failure.self) {
        try Quality(predicted: predicted, spectroscopic: spectroscopic)
    }
    #expect(error.description.contains(message))
}

@Test("Quality is encoded to JSON and decoded to the same values")
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

@Test("The printed measures have labels of both families")
func textLabelsBothFamilies() throws {
    let (predicted, spectroscopic) = Galaxies.cases[2].redshifts
    let text = try Quality(predicted: predicted, spectroscopic: spectroscopic).text
    for expected in ["reference measures", "  MAE           0.015992", "field measures", "  sigma_IQR     0.011490"] {
        #expect(text.contains(expected))
    }
    #expect(text.hasSuffix("\n"))
}

@Test("A NaN measure has no sign, and is null in JSON")
func notANumberHasNoSign() throws {
    // The variance of 1e300 and the sum of squares are infinite: R2 is 1 - inf / inf.
    let quality = try Quality(predicted: [0.1, 0.2], spectroscopic: [1e300, 0.2])
    let line = try #require(quality.reference.lines.first { $0.name == "R2" })
    #expect(line.valueText == "nan" && !quality.text.contains("-nan"))
    #expect(Decimals.significant(-Double.nan) == "nan" && Decimals.fixed(-Double.nan, 2) == "nan")
    let json = String(decoding: try JSONEncoder().encode(quality), as: UTF8.self)
    #expect(json.contains("\"R2\":null"), "\(json)")
}
