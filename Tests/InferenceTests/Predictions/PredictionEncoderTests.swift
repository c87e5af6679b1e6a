import Foundation
import Testing

@testable import Inference

private func row(_ prediction: Prediction, _ form: PredictionEncoder.Form) -> String {
    var bytes: [UInt8] = []
    PredictionEncoder(form: form).append(prediction, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

private func prediction(
    _ zPhot: Float, _ zSpec: Double?, id: String = "1:7", source: String = "1.pt"
) -> Prediction {
    Prediction(objectID: id, source: source, row: 7, zPhot: zPhot, zSpec: zSpec)
}

private func flagged(_ flags: PredictionFlags) -> Prediction {
    Prediction(objectID: "1:7", source: "1.pt", row: 7, zPhot: .nan, zSpec: nil, flags: flags)
}

@Test(
    "CSV rows have shortest numbers and quoted strings",
    arguments: [
        (prediction(0.1, 0.25), "1:7,1.pt,7,0.1,0.25,0\n"),
        (prediction(0.12345679, 0.14320883426929232), "1:7,1.pt,7,0.12345679,0.14320883426929232,0\n"),
        (prediction(-0.00005, nil), "1:7,1.pt,7,-5e-05,,0\n"),
        (prediction(.nan, .infinity), "1:7,1.pt,7,nan,inf,0\n"),
        (flagged([.pixelNotFinite, .magnitudesZero]), "1:7,1.pt,7,nan,,9\n"),
        (
            prediction(1, 0, id: "a,b/\"1\":7", source: "x\ny.pt"),
            "\"a,b/\"\"1\"\":7\",\"x\ny.pt\",7,1.0,0.0,0\n"
        ),
    ])
func csvRow(prediction: Prediction, text: String) {
    #expect(row(prediction, .csv) == text)
}

@Test(
    "JSON lines parse to the same values",
    arguments: [
        prediction(0.1, 0.25), prediction(.nan, -.infinity), flagged(.imageZero), prediction(1e-30, 1e300),
        prediction(0, nil, id: "é \"\\\u{1}\t/\n:7", source: "ü.pt"),
    ])
func jsonRow(prediction: Prediction) throws {
    let text = row(prediction, .jsonLines)
    #expect(text.hasSuffix("}\n") && text.count { $0 == "\n" } == 1)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(Set(object.keys) == ["object_id", "source", "row", "z_phot", "z_spec", "flags"])
    #expect(object["flags"] as? Int == Int(prediction.flags.rawValue))
    #expect(object["object_id"] as? String == prediction.objectID)
    #expect(object["source"] as? String == prediction.source)
    #expect(object["row"] as? Int == prediction.row)
    #expect((object["z_phot"] as? Double).map { Float($0) } == (prediction.zPhot.isFinite ? prediction.zPhot : nil))
    #expect(object["z_spec"] as? Double == prediction.zSpec.flatMap { $0.isFinite ? $0 : nil })
}

@Test("Numbers read back to the same bits")
func numbersRoundTrip() {
    var state: UInt64 = 7
    for _ in 0..<2000 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let zPhot = Float(bitPattern: UInt32(state >> 32))
        let zSpec = Double(bitPattern: state)
        guard zPhot.isFinite, zSpec.isFinite else { continue }
        let fields = row(prediction(zPhot, zSpec), .csv).dropLast().split(separator: ",")
        #expect(Float(fields[3])?.bitPattern == zPhot.bitPattern)
        #expect(Double(fields[4])?.bitPattern == zSpec.bitPattern)
    }
}

@Test(
    "The ending of a path selects the format",
    arguments: [
        ("z.csv", .csv), ("a/z.CSV", .csv), ("z.jsonl", .jsonl), ("z.npy", .npy), ("z.csv.gz", .csvGzip),
        ("a/Z.FITS", .fits), ("z.h5", .hdf5), ("z.hdf5", .hdf5), ("z.gz", nil), (".csv.gz", nil), ("z.json", nil),
        ("csv", nil),
        ("a.csv/z", nil), (".csv", nil), ("z.csv.", nil),
    ] as [(String, PredictionFormat?)])
func formatByEnding(path: String, format: PredictionFormat?) {
    #expect(PredictionFormat(path: path) == format)
}
