import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

@testable import Inference

private let all = Set(PredictionColumn.allCases)

private let predictions = [
    Prediction(objectID: "1:7", source: "1.pt", row: 7, zPhot: 0.12345679, zSpec: 0.14320883426929232),
    Prediction(objectID: "a,\"b\"\\\n\u{1}é", source: "x\r\ny.pt", row: 0, zPhot: -5e-5, zSpec: nil),
    Prediction(
        objectID: "3", source: "1.pt", row: 1 << 53, zPhot: .nan, zSpec: 0.5, flags: [.imageZero, .magnitudesZero]),
]

private func text(_ form: PredictionEncoder.Form) -> [UInt8] {
    let encoder = PredictionEncoder(form: form)
    var bytes = encoder.header
    for prediction in predictions { encoder.append(prediction, to: &bytes) }
    return bytes
}

private func gzip(_ bytes: [UInt8]) -> [UInt8] {
    let stream = GzipStream()
    return stream.deflate(bytes) + stream.finish()
}

private func rows(_ file: PredictionFile) throws -> [PredictionRow] {
    var rows: [PredictionRow] = []
    try file.forEach(all) { rows.append($0) }
    return rows
}

/// Rows of bytes that arrive in pieces of `size` bytes.
private func rows(_ rows: some PredictionText, _ bytes: [UInt8], in size: Int) throws -> [PredictionRow] {
    var (rows, found): (_, [PredictionRow]) = (rows, [])
    for start in stride(from: 0, to: bytes.count, by: size) {
        try rows.append(bytes.span.bytes.extracting(start..<min(start + size, bytes.count)))
        while let row = try rows.next() { found.append(row) }
    }
    rows.finish()
    while let row = try rows.next() { found.append(row) }
    return found
}

private func check(_ rows: [PredictionRow]) {
    #expect(rows.map(\.objectID) == predictions.map(\.objectID))
    #expect(rows.map(\.source) == predictions.map(\.source))
    #expect(rows.map(\.row) == predictions.map(\.row))
    #expect(rows.map(\.zSpec) == predictions.map(\.zSpec))
    #expect(rows.map(\.flags) == predictions.map(\.flags))
    #expect(rows.map(\.float.bitPattern) == predictions.map(\.zPhot.bitPattern))
}

@Test(
    "Every column of a row is read back from CSV and JSON Lines, compressed by gzip or not, whatever the file's name",
    arguments: [PredictionEncoder.Form.csv, .jsonLines])
func textIsReadBack(form: PredictionEncoder.Form) throws {
    check(try rows(PredictionFile(text(form), name: "z")))
    check(try rows(PredictionFile(gzip(text(form)), name: "z")))
    let members = gzip(Array(text(form).prefix(70))) + gzip(Array(text(form).dropFirst(70)))
    check(try rows(PredictionFile(members, name: "z.csv")))
}

@Test("Rows of CSV and JSON Lines do not depend on the size of pieces", arguments: [1, 2, 3, 5, 16, 61])
func piecesOfText(size: Int) throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    check(try rows(PredictionRecords(name: "z", columns: all, required: []), mark + text(.csv), in: size))
    check(try rows(PredictionLines(name: "z", columns: all), text(.jsonLines), in: size))
    let crlf = Array("z_phot,z_spec\r\n\r\n\"0.5\",\"\"\r\n1,2".utf8)
    let read = try rows(PredictionRecords(name: "z", columns: all, required: []), crlf, in: size)
    #expect(read.map(\.zPhot) == [0.5, 1] && read.map(\.zSpec) == [nil, 2])
}

@Test("A further column of numbers is read by its name, NaN where it is empty, and is required")
func furtherColumn() throws {
    for (text, name) in [
        ("z_phot,mag_r\n0.5,20.25\n0.25,\n0.125,nan\n", "z.csv"),
        ("{\"z_phot\":0.5,\"mag_r\":20.25}\n{\"mag_r\":null,\"z_phot\":1}\n{\"z_phot\":1,\"mag_r\":null}\n", "z.jsonl"),
    ] {
        var found: [Double?] = []
        let file = try PredictionFile(Array(text.utf8), name: name)
        try file.forEach([], number: "mag_r") { found.append($0.number) }
        #expect(found.count == 3 && found[0] == 20.25 && found.dropFirst().allSatisfy { $0?.isNaN ?? false })
        try file.forEach([]) { #expect($0.number == nil) }
        let error = #expect(throws: Failure.self) { try file.forEach([], number: "mag_g") { _ in } }
        #expect(error?.description.contains("mag_g, found") ?? false, "\(error?.description ?? "")")
    }
    let error = #expect(throws: Failure.self) {
        try PredictionFile(Array("z_phot,mag_r\n1,x\n".utf8), name: "z.csv").forEach([], number: "mag_r") { _ in }
    }
    #expect(error?.description == "z.csv: line 2: mag_r: expected a number, found \"x\"")
}

@Test("Only the columns that are asked for are read and checked")
func columnsThatAreNotAskedFor() throws {
    let bytes = Array("z_phot,row,flags,z_spec\n0.5,x,-1,y\n".utf8)
    var rows: [PredictionRow] = []
    try PredictionFile(bytes, name: "z.csv").forEach([]) { rows.append($0) }
    #expect(rows == [PredictionRow(zPhot: 0.5)])
    for (column, message) in [
        (PredictionColumn.row, "row: expected a whole number, found \"x\""),
        (.flags, "flags: expected a whole number, found \"-1\""), (.zSpec, "z_spec: expected a number, found \"y\""),
    ] {
        let error = #expect(throws: Failure.self) {
            try PredictionFile(bytes, name: "z.csv").forEach([column]) { _ in }
        }
        #expect(error?.description == "z.csv: line 2: \(message)")
    }
    let lines = Array("{\"z_phot\":1,\"flags\":256}".utf8)
    let error = #expect(throws: Failure.self) { try PredictionFile(lines, name: "z").forEach([.flags]) { _ in } }
    #expect(error?.description == "z: line 1: flags: expected a whole number or null, found 256.0")
}

@Test("Compressed text that is cut short or damaged is refused")
func damagedGzip() throws {
    let whole = gzip(text(.csv))
    for count in [2, 10, 11, 40, whole.count - 1] {
        #expect(throws: Failure.self, "\(count) bytes") {
            try rows(PredictionFile(Array(whole.prefix(count)), name: "z.csv.gz"))
        }
    }
    var damaged = whole
    damaged[whole.count - 6] ^= 1
    let error = #expect(throws: Failure.self) { try rows(PredictionFile(damaged, name: "z.csv.gz")) }
    #expect(error?.description.hasPrefix("z.csv.gz: gzip: damaged") == true)
}

@Test("A record of more than 16 MiB is refused before it is read as a whole")
func longRecords() throws {
    let long = [UInt8](repeating: UInt8(ascii: "a"), count: 17 << 20)
    for (start, message) in [
        ("z_phot,id\n1,2\n1,\"", "line 3: expected at most 16777216 bytes in a record, found more"),
        ("{\"z_phot\":1}\n{\"", "line 2: expected at most 16777216 bytes in a line, found more"),
    ] {
        let error = #expect(throws: Failure.self) {
            try rows(PredictionFile(gzip(Array(start.utf8) + long), name: "z.gz"))
        }
        #expect(error?.description == "z.gz: \(message)")
    }
}

@Test(
    "Tables with other columns than those of predictions are refused, naming the column",
    arguments: [
        ([("z", .float32)], "expected a column z_phot, found none"),
        ([("z_phot", .text(width: 4))], "column z_phot: expected numbers, found texts"),
        ([("z_phot", .float32)], "expected a column z_spec, found none"),
        ([("z_phot", .float32), ("z_spec", .text(width: 4))], "column z_spec: expected numbers, found texts"),
        ([("z_phot", .float32), ("z_spec", .int64), ("flags", .float64)], "column flags: expected 2 integers"),
        ([("z_phot", .float64), ("z_spec", .int64), ("flags", .int64)], "column flags: row 1: expected 0 to 255"),
    ] as [([(String, TableColumn.Kind)], String)])
func tablesWithOtherColumns(columns: [(String, TableColumn.Kind)], message: String) throws {
    try Fixture.withTemporaryFolder { folder in
        for ending in ["fits", "h5"] {
            let path = "\(folder)/z.\(ending)"
            try write(columns.map { TableColumn($0.0, $0.1, description: "") }, to: path)
            let error = #expect(throws: Failure.self) {
                try PredictionFile(path: path).forEach([.zSpec, .flags], requiring: [.zSpec]) { _ in }
            }
            #expect(error?.description.hasPrefix("\(path): \(message)") == true, "\(error?.description ?? "none")")
        }
    }
}

/// Two rows: 0 and 256 in each column.
private func write(_ columns: [TableColumn], to path: String) throws {
    let values = columns.map { column -> TableValues in
        switch column.kind {
        case .text: .texts(["0", "256"])
        case .float32: .floats([0, 256])
        case .float64: .doubles([0, 256])
        case .int64: .integers([0, 256])
        }
    }
    if path.hasSuffix(".fits") {
        var writer = try FITSTableWriter(path: path, name: "T", columns: columns, rows: 2, notes: [])
        try writer.append(values)
        try writer.finish()
    } else {
        var writer = try HDF5TableWriter(path: path, columns: columns, rows: 2, notes: [])
        try writer.append(values)
        try writer.finish()
    }
}

@Test("z_phot of a .npy array is read to the last bit, and z_spec is refused")
func arrayOfRedshifts() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z"
        let values = predictions.map(\.zPhot)
        try NumPyWriter.write(values, shape: [values.count], to: path)
        var read: [Float] = []
        try PredictionFile(path: path).forEach([]) { read.append($0.float) }
        #expect(read.map(\.bitPattern) == values.map(\.bitPattern))
        let error = #expect(throws: Failure.self) { try rows(PredictionFile(path: path)) }
        #expect(error?.description.hasPrefix("\(path): is a .npy array, which holds z_phot only") == true)
        try NumPyWriter.write(values, shape: [1, values.count], to: path)
        #expect(throws: Failure.self) { try PredictionFile(path: path).forEach([]) { _ in } }
    }
}
