import Foundation
import Inference
import Platform
import Report
import TestSupport
import Testing

private func table(_ text: String) throws -> PredictionTable {
    try PredictionTable(PredictionFile(Array(text.utf8), name: "p.csv"), needsSpectroscopic: true)
}

struct TableCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String
    var predicted = [0.5, 0.25]
    var spectroscopic = [0.75, 1]
    var unknown = 0

    static let cases = [
        TableCase(testDescription: "two columns", text: "z_phot,z_spec\n0.5,0.75\n0.25,1\n"),
        TableCase(testDescription: "no line break at the end", text: "z_phot,z_spec\n0.5,0.75\n0.25,1"),
        TableCase(testDescription: "CRLF", text: "z_phot,z_spec\r\n0.5,0.75\r\n0.25,1\r\n"),
        TableCase(testDescription: "byte-order mark", text: "\u{FEFF}z_phot,z_spec\n0.5,0.75\n0.25,1\n"),
        TableCase(testDescription: "other order", text: "z_spec,id,z_phot\n0.75,a,0.5\n1,b,0.25\n"),
        TableCase(testDescription: "quoted numbers", text: "\"z_phot\",\"z_spec\"\n\"0.5\",0.75\n0.25,\"1\"\n"),
        TableCase(
            testDescription: "commas, quotes and line breaks in quotes",
            text: "id,z_phot,z_spec\n\"a,\"\"b\"\"\nc\",0.5,0.75\n\"\",0.25,1\n"),
        TableCase(testDescription: "blank lines", text: "\nz_phot,z_spec\n\n0.5,0.75\n\r\n0.25,1\n\n"),
        TableCase(testDescription: "exponents", text: "z_phot,z_spec\n5e-1,7.5E-01\n2.5e-01,1e0\n"),
        TableCase(
            testDescription: "unknown redshifts", text: "z_phot,z_spec\n0.5,0.75\n0.1,\n0.25,1\n0.2,\"\"\n",
            unknown: 2),
        TableCase(
            testDescription: "infinite prediction", text: "z_phot,z_spec\ninf,0.75\n", predicted: [.infinity],
            spectroscopic: [0.75]),
        TableCase(testDescription: "header alone", text: "z_phot,z_spec\n", predicted: [], spectroscopic: []),
    ]
}

@Test("CSV of every form in RFC 4180 is read", arguments: TableCase.cases)
func tableIsRead(table example: TableCase) throws {
    let table = try table(example.text)
    #expect(table.predicted == example.predicted)
    #expect(table.spectroscopic == example.spectroscopic)
    #expect(table.unknown.count == example.unknown)
}

@Test("Numbers are read as Swift's own Double reads them, to the last bit")
func numbersAreExact() throws {
    let written = ["0", "-0", "-0.0", ".5", "5.", "+1", "1e-5", "9007199254740993", "0.1234567890123456789", "1E+3"]
    // Strings of all lengths: shortest decimals of float32 and float64, and decimals truncated anywhere.
    let numbers = pseudoRandom(400, seed: 9)
    let random =
        numbers.map { "\($0)" } + numbers.map { "\(Float($0))" } + numbers.map { "-\($0 * 1e6)" }
        + numbers.enumerated().map { String("\($1)".prefix(3 + $0 % 20)) }
    for text in written + random where Double(text) != nil {
        let expected = try #require(Double(text))
        let found = try #require(try table("z_phot,z_spec\n\(text),1\n").predicted.first)
        #expect(found.bitPattern == expected.bitPattern, "\(text)")
    }
    for text in ["-", ".", "1.2.3", "0x", "1,", "--1", " 1"] {
        #expect(throws: Failure.self, "\(text)") { try table("z_phot,z_spec\n\(text),1\n") }
    }
}

@Test("Galaxies without a z_spec keep their z_phot; a column z_spec may be missing where it is not required")
func spectroscopicRedshiftsMayBeMissing() throws {
    #expect(try table("z_phot,z_spec\n0.5,0.75\n0.1,\n0.2,\"\"\n").predictedAlone == [0.1, 0.2])
    let bytes = Array("id,z_phot\na,0.5\nb,0.25\n".utf8)
    let table = try PredictionTable(PredictionFile(bytes, name: "p.csv"))
    #expect(table.predictedAlone == [0.5, 0.25])
    #expect(table.predicted.isEmpty)
    #expect(throws: Failure.self) {
        try PredictionTable(PredictionFile(bytes, name: "p.csv"), needsSpectroscopic: true)
    }
    #expect(throws: Failure.self) {
        try PredictionTable(PredictionFile(Array("z_phot,z_spec,z_spec\n".utf8), name: "p.csv"))
    }
}

@Test("nan is read as NaN")
func notANumberIsRead() throws {
    #expect(try table("z_phot,z_spec\nnan,0.5\n").predicted.first?.isNaN == true)
}

@Test(
    "Errors in CSV have the file and the line",
    arguments: [
        ("", "line 1: expected a header"),
        ("z_phot\n0.1\n", "line 1: expected one column z_spec, found 0"),
        ("z_spec,a\n0.1,1\n", "line 1: expected one column z_phot, found 0"),
        ("z_phot,z_spec,z_phot\n", "line 1: expected one column z_phot, found 2"),
        ("z_phot,z_spec\n0.1,0.2\n0.1\n", "line 3: expected 2 fields as in the header, found 1"),
        ("z_phot,z_spec\n0.1,0.2,0.3\n", "line 2: expected 2 fields as in the header, found 3"),
        ("z_phot,z_spec\n0.1,abc\n", "line 2: z_spec: expected a number, found \"abc\""),
        ("z_phot,z_spec\n,0.1\n", "line 2: z_phot: expected a number, found \"\""),
        ("id,z_phot,z_spec\n\"a\nb\",1,1\nc,x,1\n", "line 4: z_phot: expected a number"),
        ("z_phot,z_spec\n\"0.1,0.2\n", "line 2: field 1: the quote is never closed"),
        ("z_phot,z_spec\n\"0.1\"x,0.2\n", "line 2: field 1: expected a comma"),
        ("z_phot,z_spec\n0.1,0\"2\n", "line 2: field 2: expected a quote to open the field"),
    ])
func faultNamesTheLine(text: String, message: String) throws {
    let error = try #require(throws: Failure.self) { try table(text) }
    #expect(error.description.hasPrefix("p.csv: \(message)"))
}

@Test("Bytes that are not UTF-8 are refused")
func notUTF8() throws {
    let error = try #require(throws: Failure.self) {
        try PredictionTable(PredictionFile(Array("z_phot,z_spec\n".utf8) + [0xFF, 0x2C, 0x31], name: "p.csv"))
    }
    #expect(error.description == "p.csv: line 2: field 1: expected UTF-8 text")
}

@Test("A file is read, and a missing one is named in the error")
func filesAreRead() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/p.csv"
        try Data("z_phot,z_spec\n0.5,0.75\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try PredictionTable(PredictionFile(path: path)).predicted == [0.5])
        for (name, message) in [("/none.csv", "no such file"), ("", "is a folder, not a file")] {
            let error = try #require(throws: Failure.self) { try PredictionTable(PredictionFile(path: folder + name)) }
            #expect(error.description == "\(folder)\(name): \(message)")
        }
    }
}

@Test("Values of a further column that stand for a missing magnitude are NaN there")
func missingNumbers() throws {
    let text = "z_phot,z_spec,mag_r\n0.1,0.1,20.5\n0.2,0.2,-9999\n0.3,0.3,99\n0.4,0.4,\n0.5,,21\n"
    let file = try PredictionFile(Array(text.utf8), name: "p.csv")
    let usual = try PredictionTable(file, needsSpectroscopic: true, number: "mag_r")
    #expect(usual.numbers.map { $0.isNaN ? nil : $0 } == [20.5, nil, nil, nil])
    let none = try PredictionTable(file, needsSpectroscopic: true, missing: MissingValues("none"), number: "mag_r")
    #expect(none.numbers.map { $0.isNaN ? nil : $0 } == [20.5, -9999, 99, nil])
}
