import Platform

/// Writes a FITS file with one binary table, after an empty primary image, without cfitsio.
/// Standard: https://fits.gsfc.nasa.gov/fits_standard.html (4.0), sections 4 and 7.3
public struct FITSTableWriter: TableWriter {
    private let file: AtomicFile
    private let columns: [TableColumn]
    private let rows: Int
    private var written = 0
    private var byteCount = 0
    private static let blockSize = 2880

    /// Creates the file.
    /// - Parameters:
    ///   - name: EXTNAME of the table.
    ///   - rows: of the whole table.
    ///   - notes: cards of the table's header.
    public init(path: String, name: String, columns: [TableColumn], rows: Int, notes: [TableNote]) throws(Failure) {
        file = try AtomicFile(path: path)
        (self.columns, self.rows) = (columns, rows)
        try put(
            Self.header(
                ["SIMPLE  =                    T", "BITPIX  =                    8"].map { Self.padded($0) } + [
                    Self.card("NAXIS", 0), Self.padded("EXTEND  =                    T"),
                ]))
        var cards = [
            Self.padded("XTENSION= 'BINTABLE'"), Self.card("BITPIX", 8), Self.card("NAXIS", 2),
            Self.card("NAXIS1", columns.reduce(0) { $0 + Self.width($1) }), Self.card("NAXIS2", rows),
            Self.card("PCOUNT", 0), Self.card("GCOUNT", 1), Self.card("TFIELDS", columns.count),
        ]
        cards += Self.cards("EXTNAME", name, "")
        for (index, column) in columns.enumerated() {
            cards += Self.cards("TTYPE\(index + 1)", column.name, "")
            cards += Self.cards("TFORM\(index + 1)", Self.format(column), "")
            if let unit = column.unit { cards += Self.cards("TUNIT\(index + 1)", unit, "") }
            cards += Self.cards("TCOMM\(index + 1)", column.description, "")
        }
        for note in notes { cards += Self.cards(note.keyword, note.text, note.description) }
        try put(Self.header(cards))
    }

    public mutating func append(_ block: [TableValues]) throws(Failure) {
        let count = try rows(of: block, columns, file: file.path)
        var bytes: [UInt8] = []
        for row in 0..<count {
            for (column, values) in zip(columns, block) {
                switch values {
                case .texts(let texts):
                    let text = Array(Self.ascii(texts[row]).utf8.prefix(Self.width(column)))
                    bytes += text
                    bytes += [UInt8](repeating: 0, count: Self.width(column) - text.count)
                case .floats(let numbers): Self.append(UInt64(numbers[row].bitPattern), 4, to: &bytes)
                case .doubles(let numbers): Self.append(numbers[row].bitPattern, 8, to: &bytes)
                case .integers(let numbers): Self.append(UInt64(bitPattern: Int64(numbers[row])), 8, to: &bytes)
                }
            }
        }
        written += count
        try put(bytes)
    }

    public mutating func finish() throws(Failure) {
        guard written == rows else {
            file.abandon()
            throw Failure(file.path, "\(written) rows were written, \(rows) declared")
        }
        try put([UInt8](repeating: 0, count: (Self.blockSize - byteCount % Self.blockSize) % Self.blockSize))
        try file.commit()
    }

    public func abandon() { file.abandon() }

    /// Length of a string in the file, which may contain only ASCII: other characters are escaped.
    public static func width(of text: String) -> Int { ascii(text).utf8.count }

    private mutating func put(_ bytes: [UInt8]) throws(Failure) {
        byteCount += bytes.count
        try file.write(bytes)
    }

    private static func append(_ bits: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: bits >> (8 * index))) }
    }

    private static func width(_ column: TableColumn) -> Int {
        switch column.kind {
        case .text(let width): max(1, width)
        case .float32: 4
        case .float64, .int64: 8
        }
    }

    private static func format(_ column: TableColumn) -> String {
        switch column.kind {
        case .text: "\(width(column))A"
        case .float32: "E"
        case .float64: "D"
        case .int64: "K"
        }
    }

    /// Printable ASCII as it is, and other characters as `\u{E9}`.
    private static func ascii(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return text }
        return text.unicodeScalars.map { scalar in
            (0x20..<0x7F).contains(scalar.value)
                ? String(scalar) : "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }.joined()
    }

    private static func header(_ cards: [String]) -> [UInt8] {
        let bytes = Array((cards.joined() + padded("END")).utf8)
        return bytes + [UInt8](repeating: 0x20, count: (blockSize - bytes.count % blockSize) % blockSize)
    }

    private static func padded(_ text: String, to width: Int = 80) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }

    private static func card(_ keyword: String, _ number: Int) -> String {
        let digits = String(number)
        return padded("\(padded(keyword, to: 8))= " + String(repeating: " ", count: max(0, 20 - digits.count)) + digits)
    }

    /// A string, on as many cards as necessary (CONTINUE, section 4.2.1.2), with a comment if it fits on the last one.
    private static func cards(_ keyword: String, _ text: String, _ comment: String) -> [String] {
        // A card has room for 68 characters, one less where the string continues; a quote takes two.
        var pieces = [""]
        for character in ascii(text) {
            let quoted = character == "'" ? "''" : String(character)
            if pieces[pieces.count - 1].utf8.count + quoted.utf8.count > 67 { pieces.append("") }
            pieces[pieces.count - 1] += quoted
        }
        return pieces.indices.map { index in
            let isLast = index == pieces.count - 1
            // At least eight characters, which some readers require.
            let text = pieces[index] + (isLast ? "" : "&")
            let value = "'" + text + String(repeating: " ", count: pieces.count == 1 ? max(0, 8 - text.count) : 0) + "'"
            let card = (index == 0 ? padded(keyword, to: 8) + "= " : "CONTINUE  ") + value
            let ending = " / " + ascii(comment)
            let hasRoom = isLast && !comment.isEmpty && card.utf8.count + ending.utf8.count <= 80
            return padded(hasRoom ? card + ending : card)
        }
    }
}
