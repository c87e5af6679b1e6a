/// Builds FITS files of images and binary tables, after an empty primary image.
public struct FITSBuilder: Sendable {
    public private(set) var bytes: [UInt8]

    /// A column: its format, and the bytes of each row.
    public struct Column: Sendable {
        let name: String
        let format: String
        let cards: [String]
        let rows: [[UInt8]]

        /// `width` numbers a row, with the axes `dim` (fastest first).
        public static func floats(_ name: String, _ values: [Float], width: Int = 1, dim: String? = nil) -> Column {
            Column(
                name: name, format: "\(width)E", cards: dim.map { ["TDIM#   = '\($0)'"] } ?? [],
                rows: rows(values.map { FITSBuilder.bytes($0.bitPattern) }, width))
        }

        public static func doubles(_ name: String, _ values: [Double], width: Int = 1) -> Column {
            Column(
                name: name, format: "\(width)D", cards: [],
                rows: rows(values.map { FITSBuilder.bytes($0.bitPattern) }, width))
        }

        /// Unsigned integers of 64 bits: signed ones with an offset.
        public static func unsigned(_ name: String, _ values: [UInt64]) -> Column {
            Column(
                name: name, format: "K", cards: ["TZERO#  = 9223372036854775808"],
                rows: values.map { FITSBuilder.bytes($0 &- 1 << 63) })
        }

        /// - Parameter zero: added to the stored `values`.
        public static func integers(_ name: String, _ values: [Int], zero: String? = nil) -> Column {
            Column(
                name: name, format: "K", cards: zero.map { ["TZERO#  = \($0)"] } ?? [],
                rows: values.map { FITSBuilder.bytes($0) })
        }

        /// Strings as bytes, padded with blanks.
        public static func texts(_ name: String, _ values: [[UInt8]], width: Int) -> Column {
            Column(
                name: name, format: "\(width)A", cards: [],
                rows: values.map { $0 + [UInt8](repeating: 0x20, count: width - $0.count) })
        }

        private static func rows(_ values: [[UInt8]], _ width: Int) -> [[UInt8]] {
            stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width].joined()) }
        }
    }

    public init() {
        bytes = Self.header(["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "EXTEND  = T"])
    }

    /// - Parameters:
    ///   - shape: slowest axis first.
    ///   - cards: EXTNAME, FILTER.
    public mutating func image(_ shape: [Int], _ values: [Float], cards: [String] = []) {
        let axes = shape.reversed().enumerated().map { "NAXIS\($0 + 1)  = \($1)" }
        append(
            ["XTENSION= 'IMAGE   '", "BITPIX  = -32", "NAXIS   = \(shape.count)"] + axes + [
                "PCOUNT  = 0", "GCOUNT  = 1",
            ]
                + cards, values.flatMap { Self.bytes($0.bitPattern) })
    }

    public mutating func table(_ columns: [Column], name: String? = nil) {
        let rows = columns[0].rows.count
        let described = columns.enumerated().flatMap { index, column in
            ["TTYPE\(index + 1)  = '\(column.name)'", "TFORM\(index + 1)  = '\(column.format)'"]
                + column.cards.map { card in
                    let number = "\(index + 1)"
                    return String(card.prefix { $0 != "#" }) + number + card.drop { $0 != "#" }.dropFirst(number.count)
                }
        }
        append(
            [
                "XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2",
                "NAXIS1  = \(columns.reduce(0) { $0 + ($1.rows.first?.count ?? 0) })", "NAXIS2  = \(rows)",
                "PCOUNT  = 0",
                "GCOUNT  = 1", "TFIELDS = \(columns.count)",
            ] + described + (name.map { ["EXTNAME = '\($0)'"] } ?? []),
            (0..<rows).flatMap { row in columns.flatMap { $0.rows[row] } })
    }

    private mutating func append(_ cards: [String], _ data: [UInt8]) {
        bytes += Self.header(cards)
        bytes += data
        bytes += [UInt8](repeating: 0, count: (2880 - data.count % 2880) % 2880)
    }

    private static func header(_ cards: [String]) -> [UInt8] {
        var text = (cards + ["END"]).flatMap { card in
            Array(card.utf8) + [UInt8](repeating: 0x20, count: 80 - card.utf8.count)
        }
        text += [UInt8](repeating: 0x20, count: (2880 - text.count % 2880) % 2880)
        return text
    }

    /// Big-endian.
    static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
