import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

/// The format of the file of finished rows.
private enum Form: String {
    /// Checksums are at the end of the arrays: the file is identified by them.
    case pt
    case npz
    /// The same format, but neither end of the file belongs to an array that is read: only the zip directory differs.
    case hidden
    case safetensors

    var fileName: String { "a." + (self == .hidden ? "npz" : rawValue) }

    /// - Parameters:
    ///   - changed: whether the middle of the images differs.
    ///   - mended: whether checksums are those of the stored bytes.
    func bytes(changed: Bool = false, mended: Bool = true) throws -> [UInt8] {
        let table = try TensorTable.partition()
        var other = table
        other.change("images") { $0.bytes[$0.bytes.count / 2] ^= 0x40 }
        guard self != .safetensors else { return (changed ? other : table).bytes() }
        var zip = try zip(changed && mended ? other : table)
        if changed, !mended {
            let order = zip.entries.indices.sorted { zip.entries[$0].data.count < zip.entries[$1].data.count }
            let images = try #require(order.last)
            zip.entries[images].data[zip.entries[images].data.count / 2] ^= 0x40
        }
        return zip.bytes
    }

    private func zip(_ table: TensorTable) throws -> ZipBuilder {
        switch self {
        case .pt: return table.torch()
        case .npz, .safetensors: return table.npz(deflated: false)
        case .hidden:
            var table = table
            table.add("filler", [37, 500], [Float](repeating: 0, count: 37 * 500), .f32)
            // 64 KiB at either end are compared: the filler is 74 kB, and the comment has its maximum length.
            let order = ["filler", "magnitudes", "redshifts", "images"]
            table.entries.sort { order.firstIndex(of: $0.name) ?? 0 < order.firstIndex(of: $1.name) ?? 0 }
            var zip = table.npz(deflated: false)
            zip.comment = [UInt8](repeating: 32, count: 0xFFFF)
            return zip
        }
    }
}

/// The change to the file after the first run.
private enum Since {
    case untouched, copied, overwritten, mended
    /// Overwritten, with the earlier modification time.
    case disguised
}

/// The expected behaviour of the resumed run.
private enum Outcome { case kept, again, refused, damaged }

private struct Cell: CustomTestStringConvertible {
    let form: Form
    let since: Since
    let hasRows: Bool
    let isVerified: Bool
    let outcome: Outcome

    init(_ form: Form, _ since: Since, rows: Bool = true, verified: Bool, _ outcome: Outcome) {
        (self.form, self.since, self.outcome) = (form, since, outcome)
        (hasRows, isVerified) = (rows, verified)
    }

    var testDescription: String { "\(form), \(since), rows \(hasRows), verified \(isVerified): \(outcome)" }
}

private let cells = [
    Cell(.pt, .untouched, verified: true, .kept), Cell(.pt, .untouched, verified: false, .kept),
    Cell(.pt, .copied, verified: true, .kept), Cell(.pt, .copied, verified: false, .again),
    Cell(.pt, .copied, rows: false, verified: true, .again),
    Cell(.pt, .overwritten, verified: true, .damaged), Cell(.pt, .overwritten, verified: false, .damaged),
    Cell(.pt, .overwritten, rows: false, verified: true, .damaged),
    Cell(.pt, .mended, verified: true, .refused), Cell(.pt, .mended, verified: false, .refused),
    Cell(.pt, .mended, rows: false, verified: true, .again),
    Cell(.pt, .disguised, verified: true, .damaged), Cell(.pt, .disguised, verified: false, .damaged),
    Cell(.pt, .disguised, rows: false, verified: true, .damaged),
    Cell(.npz, .disguised, verified: true, .damaged), Cell(.hidden, .disguised, verified: true, .damaged),
    // Nothing shows a change of the middle of such a file that keeps its time.
    Cell(.safetensors, .disguised, verified: true, .kept),
    Cell(.npz, .copied, verified: true, .kept), Cell(.npz, .overwritten, verified: true, .damaged),
    Cell(.hidden, .copied, verified: true, .kept), Cell(.hidden, .mended, verified: true, .again),
    Cell(.hidden, .mended, rows: false, verified: true, .again),
    Cell(.safetensors, .untouched, verified: true, .kept), Cell(.safetensors, .copied, verified: true, .again),
    Cell(.safetensors, .overwritten, verified: true, .again),
    Cell(.safetensors, .overwritten, verified: false, .again),
    Cell(.safetensors, .overwritten, rows: false, verified: true, .again),
]

@Test("Rows of a file that was written since are used only where checksums prove them", arguments: cells)
private func rewrittenInput(cell: Cell) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = "\(folder)/\(cell.form.fileName)"
        func write(_ bytes: [UInt8], to path: String, second: Double) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let time = Date(timeIntervalSince1970: 1e9 + second)
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
        }
        func run(_ output: String, _ further: [String] = []) throws -> Command {
            try Ranks.run(
                [cell.form.fileName, "z.npz", "-o", output, "--threads", "1", "--quiet", "--json"] + further,
                in: folder)
        }
        try write(cell.form.bytes(), to: path, second: 0)
        try write(Form.npz.bytes(changed: true, mended: false), to: folder + "/z.npz", second: 0)
        // The second file's wrong checksum ends the run and leaves its journal, which is then replaced: ten rows
        // of a redshift that the network does not give.
        let first = try run("z.csv")
        #expect(first.status == 1 && first.errors.contains("z.npz: "), "\(first.errors)")
        let journal = try RecordLog(path: folder + "/z.csv.partial")
        try journal.begin(header: try #require(journal.header))
        func range(_ end: UInt8) -> [UInt8] {
            [UInt8](repeating: 0, count: 8) + [end] + [UInt8](repeating: 0, count: 7)
        }
        let made = [UInt8](repeating: 63, count: 40) + [UInt8](repeating: 0, count: 10)
        if cell.hasRows { try journal.append([1] + range(10) + made) }
        if cell.isVerified { try journal.append([2] + range(37)) }
        journal.close()
        let kept = try Ranks.bytes(folder + "/z.csv.partial")

        try write(Form.npz.bytes(), to: folder + "/z.npz", second: 1)
        switch cell.since {
        case .untouched: break
        case .copied: try write(cell.form.bytes(), to: path, second: 1)
        case .overwritten: try write(cell.form.bytes(changed: true, mended: false), to: path, second: 1)
        case .mended: try write(cell.form.bytes(changed: true), to: path, second: 1)
        case .disguised: try write(cell.form.bytes(changed: true, mended: false), to: path, second: 0)
        }
        let resumed = try run("z.csv", ["--resume"])
        switch cell.outcome {
        case .kept:
            #expect(resumed.status == 0 && resumed.errors.isEmpty, "\(resumed.errors)")
            #expect(try object(resumed.output)["resumed"] as? Int == 10)
            let rows = try text(of: folder + "/z.csv").split(separator: "\n")
            // struct.unpack("<f", b"????")
            #expect(rows.filter { $0.contains(",0.7470588,") }.count == 10, "\(rows.prefix(3))")
        case .again:
            #expect(resumed.status == 0, "\(resumed.errors)")
            #expect(
                resumed.errors
                    == (cell.hasRows
                        ? "cai: warning: \(cell.form.fileName) may have changed since, and no checksum shows "
                            + "that it has not: 10 galaxies had been finished and are computed again\n" : ""))
            #expect(try object(resumed.output)["resumed"] as? Int == 0)
            #expect(try run("fresh.csv").status == 0)
            #expect(try text(of: folder + "/z.csv") == text(of: folder + "/fresh.csv"))
        case .refused:
            #expect(resumed.status == 1)
            #expect(resumed.errors.contains("is not the file that finished rows are of"), "\(resumed.errors)")
            #expect(try Ranks.bytes(folder + "/z.csv.partial") == kept)
        case .damaged:
            #expect(resumed.status == 1)
            #expect(resumed.errors.contains("\(cell.form.fileName): zip: entry "), "\(resumed.errors)")
            #expect(resumed.errors.contains("CRC-32 is ") && !FileManager.default.fileExists(atPath: folder + "/z.csv"))
            // The removed rows are not in the journal afterwards.
            try write(cell.form.bytes(), to: path, second: 2)
            #expect(try run("z.csv", ["--resume"]).status == 0)
            #expect(try run("fresh.csv").status == 0)
            #expect(try text(of: folder + "/z.csv") == text(of: folder + "/fresh.csv"))
        }
    }
}
