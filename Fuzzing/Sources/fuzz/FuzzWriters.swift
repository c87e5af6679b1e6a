import Foundation

@testable import TensorFiles

extension FuzzTarget {
    /// Written FITS and HDF5 tables are read back unchanged: strings of any width, and numbers with any bits.
    static let tables = FuzzTarget(
        "tables", maximumLength: 512,
        seeds: {
            [Array("\u{3}name\u{0}\u{1}\u{2}abcdefghijklmnopqrstuvw".utf8), [UInt8](repeating: 0x7F, count: 64)]
        },
        run: { bytes in
            guard bytes.count >= 18 else { return }
            let rows = Int(bytes[0] & 7)
            let width = Int(bytes[1] & 31)
            func bits(_ row: Int) -> UInt64 {
                (0..<8).reduce(0) { $0 << 8 | UInt64(bytes[2 + (row * 8 + $1) % (bytes.count - 2)]) }
            }
            let texts = (0..<rows).map { row in
                String(decoding: bytes.dropFirst(2 + row).prefix(width), as: UTF8.self).filter { $0 != "\0" }
            }
            let doubles = (0..<rows).map { Double(bitPattern: bits($0)) }
            let floats = (0..<rows).map { Float(bitPattern: UInt32(truncatingIfNeeded: bits($0))) }
            let integers = (0..<rows).map { Int(bitPattern: UInt(bits($0))) }
            let columns = [
                TableColumn(
                    "id", .text(width: texts.map { FITSTableWriter.width(of: $0) }.max() ?? 0), description: "i"),
                TableColumn("f", .float32, unit: "mag", description: "f"), TableColumn("d", .float64, description: "d"),
                TableColumn("n", .int64, description: "n"),
            ]
            let block: [TableValues] = [.texts(texts), .floats(floats), .doubles(doubles), .integers(integers)]
            for ending in ["fits", "h5"] {
                let path = "\(Scratch.folder)/table.\(ending)"
                defer { unlink(path) }
                Promise.refusal {
                    var writer: any TableWriter =
                        ending == "fits"
                        ? try FITSTableWriter(path: path, name: "T", columns: columns, rows: rows, notes: [])
                        : try HDF5TableWriter(path: path, columns: columns, rows: rows, notes: [])
                    try writer.append(block)
                    try writer.finish()
                    let file = try TensorFile.open(path: path)
                    Promise.keep(
                        try file["d"]?.doubles().map(\.bitPattern) == doubles.map(\.bitPattern), "float64 values differ"
                    )
                    Promise.keep(
                        try file["f"]?.floats().map(\.bitPattern) == floats.map(\.bitPattern), "float32 values differ")
                    let read = try file["n"]?.rowMajorBytes(rows: 0..<rows)
                    Promise.keep(
                        read == integers.flatMap { n in withUnsafeBytes(of: n) { Array($0) } }, "integers differ")
                    file.release()
                }
            }
        })
}
