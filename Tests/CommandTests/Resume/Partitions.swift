import Foundation
import TestSupport

/// Partitions for the tiny network with some hundred galaxies: a run takes a few tenths of a second.
struct Partitions {
    let folder: String
    let files: [String]
    let copies: [Int]
    var count: Int { 37 * copies.reduce(0, +) }

    init(_ folder: String, copies: [Int] = [6, 1, 9]) throws {
        self.folder = folder
        self.copies = copies
        files = (1...copies.count).map { "\(folder)/\($0).safetensors" }
        for (path, copies) in zip(files, copies) { try TensorTable.partition(copies: copies).write(to: path) }
    }

    func arguments(_ output: String, _ further: [String] = []) -> [String] {
        ["infer", "--weights", Fixture.path("tiny/normalcell.pt")] + files
            + ["-o", output, "--batch-size", "4"] + (further.contains("--threads") ? [] : ["--threads", "2"]) + further
    }
}

/// The galaxies of a journal's complete records that begin with `kind`, with repetitions, in the layout of `RecordLog`.
/// Takes no lock.
/// - Parameter kind: 1 for redshifts, 2 for files whose checksums were compared.
func rows(inJournal path: String, kind: UInt8 = 1) -> [Range<Int>] {
    guard let bytes = FileManager.default.contents(atPath: path).map([UInt8].init) else { return [] }
    func number(_ start: Int, _ count: Int) -> Int { (0..<count).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) } }
    var rows: [Range<Int>] = []
    var offset = 16
    var isHeader = true
    while offset + 8 <= bytes.count {
        let record = offset + 8..<offset + 8 + number(offset, 4)
        guard record.upperBound <= bytes.count else { break }
        if !isHeader, bytes[record.lowerBound] == kind {
            rows.append(number(record.lowerBound + 1, 8)..<number(record.lowerBound + 9, 8))
        }
        isHeader = false
        offset = record.upperBound
    }
    return rows
}
