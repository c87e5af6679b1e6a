import Platform

/// Checks the headers of a FITS file before cfitsio reads them, because it trusts them: an invalid number overruns one of
/// its buffers, and it allocates tables by their declared size. The keywords that describe the layout of the data are
/// compared with the standard (4.0, sections 4.4, 7 and 10) and with the length of the file.
struct FITSHeaders {
    static let blockSize = 2880
    private static let cardSize = 80
    private static let mostUnits = 4096
    private static let mostCards = 36 * 4096
    /// Compressions of tiles that are read (ZCMPTYPE).
    private static let compressions: Set = ["RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "NOCOMPRESS"]
    /// Those that cfitsio inflates without checks: their headers are read, their tiles never.
    private static let refusedCompressions: Set = ["HCOMPRESS_1", "PLIO_1", "BZIP2_1"]

    /// Why an image of that compression is not read; nil for one that is.
    static func refusal(of compression: String) -> String? {
        compressions.contains(compression) ? nil : refusal(compression: compression)
    }

    private static func refusal(compression: String) -> String {
        "its tiles are compressed by \(compression.quoted): RICE_1, GZIP_1 and GZIP_2 are read"
    }

    /// Reads all headers, and skips the data between them.
    static func check(_ file: LibraryFile) throws(Failure) {
        var offset = 0
        for number in 1...mostUnits {
            guard let header = try Header(file, at: offset, number) else {
                guard number > 1, try file.read(8, at: offset).starts(with: Array("XTENSION".utf8)) else { return }
                throw Failure(
                    file.name,
                    "FITS: unit \(number - 1) is the last that can be read, and ends at byte \(offset) of "
                        + "\(file.contentCount): what follows is cut short or damaged")
            }
            let size = try header.dataSize()
            let (end, overflow) = header.end.addingReportingOverflow((size + blockSize - 1) / blockSize * blockSize)
            // The last block may lack its padding, not its data, whose last bytes the copy has as zeros.
            let (dataEnd, tooLarge) = header.end.addingReportingOverflow(size)
            if !tooLarge, dataEnd > file.contentCount, dataEnd <= file.byteCount {
                throw Failure(
                    file.name,
                    "FITS: unit \(number) ends at byte \(dataEnd), the file has \(file.contentCount): it is cut short")
            }
            // `FITSDocument.units` reports files that are cut short.
            guard !overflow, end < file.byteCount else { return }
            offset = end
        }
    }

    /// The header of a unit.
    private struct Header {
        let file: String
        let number: Int
        /// Offset of its data.
        private(set) var end: Int
        private var integers: [String: Int] = [:]
        private var isGroups = false
        private var isTable = false
        private var isASCII = false
        private var compression: ArraySlice<UInt8>?

        /// nil where no header begins.
        init?(_ local: LibraryFile, at offset: Int, _ number: Int) throws(Failure) {
            (file, self.number, end) = (local.name, number, offset)
            var cards = 0
            while true {
                let block = try local.read(blockSize, at: end)
                guard end > offset || block.starts(with: Array((number == 1 ? "SIMPLE  =" : "XTENSION=").utf8)) else {
                    return nil
                }
                // cfitsio reports a header without an end.
                guard block.count == blockSize, cards < mostCards else { return nil }
                end += blockSize
                for start in stride(from: 0, to: blockSize, by: cardSize) {
                    let card = block[start..<start + cardSize]
                    cards += 1
                    let key = Self.text(card.prefix(8))
                    if key == "END" { return }
                    guard card.dropFirst(8).starts(with: Array("= ".utf8)) else { continue }
                    let value = card.dropFirst(10)
                    switch key {
                    case "GROUPS": isGroups = Self.text(value.prefix(20)) == "T"
                    case "XTENSION":
                        isTable = value.starts(with: Array("'BINTABLE".utf8))
                        isASCII = value.starts(with: Array("'TABLE ".utf8))
                    case "ZCMPTYPE":
                        guard compression ?? value == value else {
                            throw failure("\(key) occurs twice, with different values")
                        }
                        compression = value
                        try check(compression: value)
                    default: try take(key, value)
                    }
                }
            }
        }

        private func failure(_ what: String) -> Failure { Failure(file, "FITS: unit \(number): \(what)") }

        /// Keywords with integers that describe the layout of the data; first those that end with a number of their own.
        private static let counted: Set = ["NAXIS", "TBCOL", "TNULL", "ZNAXIS", "ZTILE"]
        private static let texts: Set = ["TTYPE", "TFORM"]
        private static let single: Set = [
            "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "TFIELDS", "THEAP", "BLANK", "ZBITPIX", "ZNAXIS", "ZBLANK",
            "ZDITHER0", "ZPCOUNT", "ZGCOUNT", "ZTHEAP", "EXTVER", "EXTLEVEL",
        ]

        private mutating func take(_ key: String, _ value: ArraySlice<UInt8>) throws(Failure) {
            let digits = key.utf8.reversed().prefix { (0x30...0x39).contains($0) }.count
            let plain = digits > 0 ? String(key.dropLast(digits)) : ""
            if Self.texts.contains(plain) {
                // Without quotes it can be one character longer than the buffer of cfitsio.
                guard let first = value.first(where: { $0 != UInt8(ascii: " ") }) else { return }
                guard first == UInt8(ascii: "'") else {
                    throw failure("\(key): expected a text in quotes, found \(Self.text(value).quoted)")
                }
                return
            }
            guard Self.single.contains(key) || Self.counted.contains(plain) else { return }
            // In an ASCII table the mark of undefined values is a string.
            guard !(isASCII && key.hasPrefix("TNULL")) else { return }
            let text = Self.text(value.prefix { $0 != UInt8(ascii: "/") })
            guard text.utf8.count <= 20, let number = Int(text) else {
                throw failure("\(key): expected a whole number, found \(text.quoted)")
            }
            guard integers.updateValue(number, forKey: key) ?? number == number else {
                throw failure("\(key) occurs twice, with different values")
            }
        }

        /// cfitsio cannot move beyond a unit of a compression that it does not know.
        private func check(compression value: ArraySlice<UInt8>) throws(Failure) {
            let text = Self.text(value.dropFirst().prefix { $0 != UInt8(ascii: "'") })
            guard FITSHeaders.compressions.contains(text) || FITSHeaders.refusedCompressions.contains(text) else {
                throw failure(FITSHeaders.refusal(compression: text))
            }
        }

        /// Bytes of the data.
        func dataSize() throws(Failure) -> Int {
            func number(_ key: String, in range: ClosedRange<Int>, otherwise: Int? = nil) throws(Failure) -> Int {
                guard let value = integers[key] ?? otherwise else { throw failure("\(key) is missing") }
                guard range.contains(value) else {
                    throw failure("\(key): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
                }
                return value
            }
            let bits = try number("BITPIX", in: -64...64)
            guard [8, 16, 32, 64, -32, -64].contains(bits) else { throw failure("BITPIX is \(bits)") }
            let axes = try number("NAXIS", in: 0...999)
            let parameters = try number("PCOUNT", in: 0...Int.max, otherwise: 0)
            let groups = try number("GCOUNT", in: 0...Int.max, otherwise: 1)
            if isTable {
                guard axes == 2, bits == 8, groups == 1 else {
                    throw failure("is not a table of bytes: NAXIS is \(axes)")
                }
                let fields = try number("TFIELDS", in: 0...999)
                guard fields > 0 || integers["NAXIS1"] == 0 else { throw failure("rows without columns") }
            }
            guard axes > 0 else { return 0 }
            var size = 1
            var isTooLarge = false
            func multiply(_ factor: Int) {
                let (next, overflow) = size.multipliedReportingOverflow(by: factor)
                (size, isTooLarge) = (next, isTooLarge || overflow)
            }
            for axis in 1...axes {
                let length = try number("NAXIS\(axis)", in: 0...Int.max)
                // Random groups have a first axis of length 0.
                if !(isGroups && axis == 1 && length == 0) { multiply(length) }
            }
            let table = size
            let (sum, overflow) = size.addingReportingOverflow(parameters)
            (size, isTooLarge) = (sum, isTooLarge || overflow)
            if isTable, let heap = integers["THEAP"],
                !(0...max(0, isTooLarge ? 0 : size)).contains(heap) || heap < table
            {
                throw failure("its heap begins at \(heap), in a table of \(table) bytes and \(parameters) more")
            }
            multiply(groups)
            multiply(abs(bits) / 8)
            guard !isTooLarge, size <= Int.max / 2 else { throw failure("its axes overflow") }
            return size
        }

        /// Characters without the blanks around them.
        private static func text(_ bytes: ArraySlice<UInt8>) -> String {
            let text = String(decoding: bytes, as: UTF8.self)
            return String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
