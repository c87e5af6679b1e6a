import Platform
import Testing

@testable import Inference

private let origin = Calibration.Origin(
    predictions: "z.csv", predictionsSHA256: "aa", weights: "model.pt", weightsSHA256: "bb", arithmetic: nil)

private func calibration(
    _ predicted: [Double], _ spectroscopic: [Double], levels: [Double], bins: Int = 1,
    split: CalibrationSplit = .all
) throws -> Calibration {
    try Calibration(
        predicted: predicted, spectroscopic: spectroscopic, levels: levels.map { try #require(CoverageLevel($0)) },
        bins: bins, split: split, origin: origin)
}

private func decoded(_ json: String) throws -> Calibration {
    try JSONFile.decode(Calibration.self, Array(json.utf8), name: "c.json")
}

@Test(
    "A level's rank is ceil((n + 1) p), and exists from ceil(p / (1 - p)) galaxies on",
    arguments: [(0.5, 1), (0.68, 3), (0.9, 9), (0.95, 19), (0.997, 333)])
func levelRank(probability: Double, least: Int) throws {
    let level = try #require(CoverageLevel(probability))
    #expect(level.least == least)
    #expect(level.rank(of: least) <= least)
    #expect(least == 1 || level.rank(of: least - 1) > least - 1)
    // In thousandths of a per cent, without rounding.
    let units = Int((probability * 100_000).rounded())
    for count in [1, 19, 20, 99, 100, 1000, 99_999] {
        let rank = level.rank(of: count)
        #expect(rank * 100_000 >= (count + 1) * units && (rank - 1) * 100_000 < (count + 1) * units)
    }
}

@Test("Names of levels", arguments: [(0.68, "68", "68%"), (0.997, "99_7", "99.7%"), (0.99999, "99_999", "99.999%")])
func levelNames(probability: Double, name: String, text: String) throws {
    let level = try #require(CoverageLevel(probability))
    #expect(level.name == name && level.text == text)
}

@Test("Levels outside of 0 to 1, and with too many digits, are refused", arguments: [0, 1, -0.5, 1.5, .nan, 0.1234567])
func invalidLevels(probability: Double) { #expect(CoverageLevel(probability) == nil) }

@Test("Half-widths are order statistics of the errors in each bin, and equal z_phot share a bin")
func halfWidths() throws {
    // Errors of 1/128 ... 20/128 in the lower bin, 1/16 ... 20/16 in the upper one.
    let lower: [Double] = (1...20).map { 0.25 + Double($0) / 128 }
    let upper: [Double] = (1...20).map { 0.5 - Double($0) / 16 }
    let predicted = [Double](repeating: 0.25, count: 20) + [Double](repeating: 0.5, count: 20)
    let made = try calibration(predicted, lower + upper, levels: [0.5, 0.95], bins: 2)
    #expect(made.bins.map { $0.galaxies } == [20, 20])
    #expect(made.bins.map { $0.lower } == [nil, 0.5])
    #expect(made.bins.map { $0.upper } == [0.5, nil])
    // ceil(21 x 0.5) = 11 and ceil(21 x 0.95) = 20.
    #expect(made.bins[0].halfWidths == [0.0859375, 0.15625])
    #expect(made.bins[1].halfWidths == [0.6875, 1.25])
    #expect(made.bin(of: 0.4999) == 0)
    #expect(made.bin(of: 0.5) == 1)
    #expect(made.bin(of: -Float.infinity) == 0)
    #expect(made.columns == ["z_low_50", "z_high_50", "z_low_95", "z_high_95"])
    #expect(made.intervals(0.25).map { $0.low } == [0.1640625, 0.09375])
    #expect(made.intervals(.nan).allSatisfy { $0.low.isNaN && $0.high.isNaN })
    #expect(throws: Failure.self) { try calibration(predicted, lower + upper, levels: [0.5], bins: 3) }
}

@Test("Ends are rounded outward: no covered z_spec is lost by float32")
func outwardEnds() throws {
    for seed in 1...500 {
        let zPhot = Float(seed) / 700
        let made = try calibration([Double(zPhot)], [Double(zPhot) + Double(seed) / 999], levels: [0.5])
        let (low, high) = made.intervals(zPhot)[0]
        let halfWidth = made.bins[0].halfWidths[0]
        #expect(Double(low) <= Double(zPhot) - halfWidth && Double(high) >= Double(zPhot) + halfWidth)
        #expect(Double(low.nextUp) > Double(zPhot) - halfWidth && Double(high.nextDown) < Double(zPhot) + halfWidth)
    }
}

@Test("A bin with too few galaxies for a level is refused by name; redshifts that are not finite do not count")
func tooFewGalaxies() throws {
    let predicted: [Double] = (0..<20).map { Double($0) / 100 }
    let spectroscopic: [Double] = predicted.map { $0 + 0.01 }
    _ = try calibration(predicted, spectroscopic, levels: [0.95])
    let damaged: [Double] = [.nan, .infinity] + predicted[2...]
    let failure = #expect(throws: Failure.self) { try calibration(damaged, spectroscopic, levels: [0.68, 0.95]) }
    let message = failure?.message ?? ""
    #expect(
        message.contains("bin 1 of 1: has 18 galaxies, too few for a level of 95%: expected at least 19"), "\(message)")
    #expect(throws: Failure.self) { try calibration([], [], levels: [0.5]) }
}

@Test("A calibration is read back as it was written")
func calibrationRoundTrip() throws {
    let predicted = (0..<100).map { Double(Float($0) / 300) }
    let half = try #require(CalibrationSplit(0.5))
    let made = try calibration(
        predicted, predicted.map { $0 * 1.1 + 0.003 }, levels: [0.68, 0.95], bins: 3, split: half)
    #expect(try decoded(String(decoding: made.json, as: UTF8.self)) == made)
}

@Test(
    "Other JSON is refused, with the key",
    arguments: [
        (#""kind" : "cai calibration""#, #""kind" : "other""#, "found 'other'"),
        (#""version" : 1"#, #""version" : 3"#, "expected version 1 or 2"),
        (#""version" : 1"#, #""version" : 2"#, "key by"),
        ("0.95", "0.5", "levels"), ("0.95", "1.5", "levels"), (#""fraction" : 1"#, #""fraction" : 0"#, "fraction"),
        (#""z_phot_below" : 0.25"#, #""z_phot_below" : 0.26"#, "bins"),
        (#""galaxies" : 50"#, #""galaxies" : 0"#, "bins.0"), ("0.0625", "-0.0625", "bins.0"),
    ])
func damagedCalibrations(text: String, replacement: String, named: String) throws {
    let predicted = (0..<100).map { $0 < 50 ? 0.125 : 0.25 }
    let made = try calibration(predicted, predicted.map { $0 + 0.0625 }, levels: [0.68, 0.95], bins: 2)
    let json = String(decoding: try made.json, as: UTF8.self)
    #expect(json.contains(text))
    let failure = #expect(throws: Failure.self) { try decoded(json.replacing(text, with: replacement)) }
    let message = failure?.message ?? ""
    #expect(message.contains(named), "\(message)")
}

@Test("A split takes its fraction of the galaxies, by their names")
func splitFractions() throws {
    let split = try #require(CalibrationSplit(0.25))
    let used = (0..<10_000).count { (row: Int) in
        split.uses(objectID: "\(row)", source: "1.pt", row: row)
    }
    // Five standard deviations of a binomial.
    #expect(abs(used - 2500) < 217)
    // By sha256sum the digest of "1.pt\n7\nid" begins with 5316b6dd: 0.324565 of 2^32.
    let uses = [0.32456, 0.32457].map { CalibrationSplit($0)?.uses(objectID: "id", source: "1.pt", row: 7) }
    #expect(uses == [false, true])
    #expect([0, -0.1, 1.1, .nan].allSatisfy { CalibrationSplit($0) == nil })
    #expect(CalibrationSplit.all.uses(objectID: nil, source: nil, row: nil))
}

/// Magnitudes fall while z_phot rises; the error is 1/16 below a magnitude of 20.5, 1/8 from there on.
private func byMagnitude(_ magnitudes: [Double]? = nil) throws -> Calibration {
    let predicted = (0..<40).map { Double($0) / 64 }
    let spectroscopic: [Double] = predicted.indices.map { predicted[$0] + ($0 < 20 ? 0.125 : 0.0625) }
    return try Calibration(
        predicted: predicted, spectroscopic: spectroscopic, by: .magnitude("r"),
        magnitudes: magnitudes ?? (0..<40).map { 23 - Double($0) / 8 },
        levels: [try #require(CoverageLevel(0.5)), try #require(CoverageLevel(0.95))], bins: 2, split: .all,
        origin: origin)
}

@Test("Bins by magnitude take the galaxies' magnitudes: beyond the labelled ones the end bins, NaN without one")
func binsByMagnitude() throws {
    let made = try byMagnitude()
    #expect(made.bins.map(\.upper) == [20.625, nil] && made.bins.map(\.galaxies) == [20, 20])
    #expect(made.bins.map { $0.halfWidths } == [[0.0625, 0.0625], [0.125, 0.125]])
    for (magnitude, halfWidth) in [(-5, 0.0625), (20.5, 0.0625), (20.625, 0.125), (30, 0.125)] as [(Float, Float)] {
        let interval = made.intervals(0.5, magnitude: magnitude)[0]
        #expect(interval.low == 0.5 - halfWidth && interval.high == 0.5 + halfWidth, "\(magnitude)")
    }
    for magnitude: Float in [.nan, .infinity, -.infinity] {
        #expect(made.intervals(0.5, magnitude: magnitude).allSatisfy { $0.low.isNaN && $0.high.isNaN })
    }
    #expect(made.intervals(0.5).allSatisfy { $0.low.isNaN && $0.high.isNaN })
    let coverage = Coverage(
        of: made, predicted: [0.5, 0.5, 0.5, 0.5], spectroscopic: [0.5625, 0.625, 0.625, 0.5],
        magnitudes: [19, 19, 22, .nan])
    #expect(coverage.parts.map(\.galaxies) == [2, 2, 1, 1, 3, 3])
    #expect(coverage.parts.map(\.covered) == [1, 1, 1, 1, 2, 2])
    #expect(coverage.text.contains("mag_r") && made.text.contains("mag_r"))
    // Galaxies without a magnitude do not count.
    let some = try byMagnitude([.nan, .infinity] + (2..<40).map { 23 - Double($0) / 8 })
    #expect(some.galaxies == 38)
    let failure = #expect(throws: Failure.self) { try byMagnitude([20]) }
    #expect(failure?.message.contains("mag_r for each of 40 z_phot, found 40 and 1") ?? false)
}

@Test("A calibration by magnitude is read back as it was written, and a changed one is refused")
func magnitudeRoundTrip() throws {
    let made = try byMagnitude()
    let json = String(decoding: try made.json, as: UTF8.self)
    #expect(json.contains(#""version" : 2"#) && json.contains(#""mag_r_from" : 20.625"#))
    #expect(try decoded(json) == made)
    #expect(try Calibration(json: Array(json.utf8)) == made)
    for (text, replacement, named) in [
        (#""by" : "mag_r""#, #""by" : "mag_g""#, "bins"), (#""by" : "mag_r""#, #""by" : "z_phot""#, "by: "),
        (#""by" : "mag_r""#, #""by" : "mag_rr""#, "by: "), (#""by" : "mag_r","#, "", "by"),
        (#""version" : 2"#, #""version" : 1"#, "bins"),
    ] {
        #expect(json.contains(text))
        let failure = #expect(throws: Failure.self) { try decoded(json.replacing(text, with: replacement)) }
        #expect(failure?.description.contains(named) ?? false, "\(failure?.description ?? "")")
    }
}

@Test(
    "A calibration is by z_phot, or by the magnitude in the band of a letter",
    arguments: ["", "rr", "1", "mag_r", "Z_PHOT"])
func otherQuantities(text: String) {
    #expect(BinnedQuantity(text) == nil)
    #expect(BinnedQuantity("z_phot")?.column == "z_phot" && BinnedQuantity("y")?.column == "mag_y")
}

@Test("Coverage counts z_spec inside of the intervals, by bin and level")
func coverageCounts() throws {
    let predicted = (0..<40).map { $0 < 20 ? 0.25 : 0.5 }
    let made = try calibration(predicted, predicted.map { $0 + 0.0625 }, levels: [0.5, 0.95], bins: 2)
    let coverage = Coverage(
        of: made, predicted: [0.25, 0.25, 0.5, .nan, 0.5], spectroscopic: [0.3125, 0.32, 0.5, 0.5, .nan])
    #expect(coverage.parts.map(\.galaxies) == [2, 2, 1, 1, 3, 3])
    #expect(coverage.parts.map(\.covered) == [1, 1, 1, 1, 2, 2])
    #expect(coverage.text.contains("below 0.5"))
}

@Test("Predictions of other weights, networks, heads, precision or arithmetic are refused")
func checkedOrigins() throws {
    let origin = Calibration.Origin(
        predictions: "z.csv", predictionsSHA256: "aa", weights: "model.pt", weightsSHA256: "bb",
        arithmetic: "2 packed float32", network: "a", numHeads: "3", precision: "float32")
    let made = try Calibration(
        predicted: [0.1], spectroscopic: [0.2], levels: [try #require(CoverageLevel(0.5))], bins: 1, split: .all,
        origin: origin)
    func check(
        _ choices: [String: String], sha256: String = "bb", arithmetic: String? = "2 packed float32"
    ) throws(Failure) {
        try made.check("w.pt", sha256: sha256, arithmetic: arithmetic, choices: choices, name: "c.json")
    }
    try check(["network": "a", "num_heads": "3", "precision": "float32"])
    try check([:], arithmetic: nil)
    let others = [["network": "b"], ["num_heads": "1"], ["precision": "bf16"]]
    for choices in others { #expect(throws: Failure.self) { try check(choices) } }
    #expect(throws: Failure.self) { try check([:], sha256: "cc") }
    #expect(throws: Failure.self) { try check([:], arithmetic: "2 openblas float32 avx2") }
}
