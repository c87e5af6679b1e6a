import Platform

/// The contents of a FITS file, as cfitsio reports them.
extension FITSDocument {
    /// All units, in the order of the file, and a warning where bytes follow that belong to none.
    /// - Throws: `Failure` where a header cannot be read, or its data extends beyond the end of the file.
    func units() throws(Failure) -> (units: [Unit], warning: String?) {
        try unsafe library.with(self) { (file, local) throws(Failure) -> ([Unit], String?) in
            let byteCount = local.contentCount
            let count = try unsafe number(file, "has no units", library.unitCount)
            guard (1...Self.mostUnits).contains(count) else {
                throw failure("\(count) units, at most \(Self.mostUnits) are read")
            }
            var units: [Unit] = []
            for number in 1...count { units.append(try unsafe unit(file, number, byteCount)) }
            // cfitsio ignores anything that it cannot read as a header: the file may be cut there.
            var end: Int64 = 0
            try unsafe check("unit \(count)") { unsafe library.addresses(file, nil, nil, &end, $0) }
            let rest = min(Int(clamping: end), byteCount)..<byteCount
            switch try Self.kind(of: rest, in: local) {
            case .padding: return (units, nil)
            case .records:
                return (
                    units,
                    "FITS: \(rest.count) bytes after the last unit, from byte \(rest.lowerBound) on, are not a unit: not read"
                )
            case .unit:
                throw failure(
                    "unit \(count) is the last that can be read, and ends at byte \(end) of \(byteCount): what follows "
                        + "is cut short or damaged")
            }
        }
    }

    /// What follows the last unit: padding, special records (standard 4.0, 3.5), or the beginning of another unit.
    private enum Rest { case padding, records, unit }

    private static func kind(of rest: Range<Int>, in file: LibraryFile) throws(Failure) -> Rest {
        var isPadding = true
        for start in stride(from: rest.lowerBound, to: rest.upperBound, by: 1 << 20) {
            let bytes = try file.read(min(1 << 20, rest.upperBound - start), at: start)
            if start == rest.lowerBound, bytes.starts(with: Array("XTENSION".utf8).prefix(bytes.count)) { return .unit }
            isPadding = isPadding && bytes.allSatisfy { $0 == 0 || $0 == UInt8(ascii: " ") }
            if !isPadding { return .records }
        }
        return .padding
    }

    private static let mostUnits: Int32 = 4096
    private static let mostAxes: Int32 = 16
    private static let mostColumns: Int32 = 999

    private func unit(_ file: CFitsio.File, _ number: Int32, _ byteCount: Int) throws(Failure) -> Unit {
        let type = try unsafe move(file, number)
        let (name, filter) = unsafe (text(file, "EXTNAME") ?? "", text(file, "FILTER") ?? "")
        var dataEnd: Int64 = 0
        try unsafe check("unit \(number)") { unsafe library.addresses(file, nil, nil, &dataEnd, $0) }
        // The last block may lack its padding.
        guard dataEnd - Int64(byteCount) < 2880 else {
            throw failure("unit \(number) ends at byte \(dataEnd), the file has \(byteCount): it is cut short")
        }
        let isImage = unsafe type == 0 || isCompressed(file)
        let content: Unit.Content
        if isImage {
            do throws(Failure) { content = try unsafe image(file, number) } catch {
                content = .image(.refused(error.message))
            }
        } else {
            content = try unsafe table(file, number, type, byteCount)
        }
        return Unit(number: number, name: name, filter: filter, content: content)
    }

    private func image(_ file: CFitsio.File, _ unit: Int32) throws(Failure) -> Unit.Content {
        let rank = try unsafe number(file, "unit \(unit)", library.imageRank)
        guard rank > 0 else { return .empty }
        guard rank <= Self.mostAxes else {
            return .image(.refused("has \(rank) axes, at most \(Self.mostAxes) are read"))
        }
        var lengths = [Int64](repeating: 0, count: Int(rank))
        try unsafe check("unit \(unit)") { unsafe library.imageSize(file, rank, &lengths, $0) }
        let compressed = unsafe isCompressed(file)
        let shape = lengths.reversed().map { Int($0) }
        guard RowSource.elements(shape) != nil else { return .image(.refused("shape \(shape) overflows")) }
        var refusal: String?
        if compressed {
            var tile = 1.0
            for axis in 1...rank {
                tile *= unsafe number(file, "ZTILE\(axis)") ?? (axis == 1 ? Double(lengths[0]) : 1)
            }
            let type = unsafe text(file, "ZCMPTYPE") ?? ""
            refusal =
                FITSHeaders.refusal(of: type)
                ?? (tile > Self.mostTile
                    ? "has tiles of \(Int(min(tile, 1e18))) pixels, at most \(Int(Self.mostTile)) are read" : nil)
        }
        let type = try unsafe number(file, "unit \(unit)", library.imageType)
        let isScaled = unsafe (number(file, "BSCALE") ?? 1) != 1 || (number(file, "BZERO") ?? 0) != 0
        let isReal = type < 0
        let isQuantized = unsafe compressed && isReal && text(file, "ZQUANTIZ") != "NONE"
        // Integers are scaled, and fit into float64.
        let dtype: DType = type == -32 && !isScaled ? .f32 : .f64
        return .image(
            Image(
                dtype: dtype, shape: shape, hasNulls: !isReal || isQuantized, isCompressed: compressed,
                refusal: refusal))
    }

    private func table(
        _ file: CFitsio.File, _ unit: Int32, _ type: Int32, _ byteCount: Int
    ) throws(Failure) -> Unit.Content {
        var rows: Int64 = 0
        try unsafe check("unit \(unit)") { unsafe library.rowCount(file, &rows, $0) }
        let count = try unsafe number(file, "unit \(unit)", library.columnCount)
        guard rows >= 0, rows <= Int64(byteCount), count <= Self.mostColumns else {
            throw failure("unit \(unit) is a table of \(rows) rows and \(count) columns in \(byteCount) bytes")
        }
        var columns: [Column] = []
        for number in 1..<max(count, 0) + 1 {
            guard let name = unsafe text(file, "TTYPE\(number)"), !name.isEmpty else { continue }
            do throws(Failure) {
                columns.append(try unsafe column(file, number, name, isASCII: type == 1))
            } catch {
                columns.append(Column(number: number, name: name, kind: .refused(error.message)))
            }
        }
        return .table(rows: Int(rows), columns: columns)
    }

    /// - Throws: `Failure` where its description contradicts itself.
    private func column(
        _ file: CFitsio.File, _ number: Int32, _ name: String, isASCII: Bool
    ) throws(Failure) -> Column {
        if isASCII {
            return Column(number: number, name: name, kind: .refused("lies in an ASCII table: not read"))
        }
        var (type, stored, count, width): (Int32, Int32, Int64, Int64) = (0, 0, 0, 0)
        try unsafe check("column \(name.quoted)") {
            unsafe library.storedType(file, number, &stored, &count, &width, $0)
        }
        try unsafe check("column \(name.quoted)") {
            unsafe library.columnType(file, number, &type, &count, &width, $0)
        }
        let isStoredReal = stored == 42 || stored == 82
        let (scale, offset) = unsafe (
            self.number(file, "TSCAL\(number)") ?? 1, self.number(file, "TZERO\(number)") ?? 0
        )
        // cfitsio scales in float64, which does not have every integer of 64 bits.
        let isExact =
            scale == 1 && (offset == 0 || offset == 0x1p63 || stored != 81 && abs(offset) <= 0x1p52)
        let kind: Column.Kind
        switch type {
        // Unsigned integers are signed ones with an offset.
        case 11, 12, 20, 21, 30, 31, 40, 41, 81: kind = .number(isExact ? .i64 : .f64)
        case 80: kind = .number(.u64)
        // Scaled integers fit into float64.
        case 42: kind = .number(isStoredReal ? .f32 : .f64)
        case 82: kind = .number(.f64)
        case 16:
            // cfitsio writes `width` characters a string, and takes `count` / `width` strings a row.
            let kind: Column.Kind =
                width != count
                ? .refused("has \(count) characters a row in texts of \(width): one text a row is read")
                : (1...Self.mostCharacters).contains(count)
                    ? .text(width: Int(count))
                    : .refused("has texts of \(count) characters: 1 to \(Self.mostCharacters) are read")
            return Column(number: number, name: name, kind: kind)
        default:
            let type = unsafe text(file, "TFORM\(number)") ?? "unknown"
            return Column(
                number: number, name: name,
                kind: .refused("has the type \(type.quoted): numbers and texts of fixed length are read"))
        }
        var rank: Int32 = 0
        var lengths = [Int64](repeating: 0, count: Int(Self.mostAxes))
        try unsafe check("column \(name.quoted)") {
            unsafe library.columnShape(file, number, Self.mostAxes, &rank, &lengths, $0)
        }
        guard (1...Self.mostAxes).contains(rank), count > 0 else {
            let reason = "has \(count) numbers a row in \(rank) axes: not read"
            return Column(number: number, name: name, kind: .refused(reason))
        }
        let shape = lengths.prefix(Int(rank)).reversed().map { Int($0) }
        var column = Column(
            number: number, name: name, kind: kind, hasNulls: !isStoredReal, shape: shape == [1] ? [] : shape)
        column.isScaled = scale != 1 || ![0, 0x1p63].contains(offset)
        // The stored value of what is undefined. TZERO makes unsigned integers of signed ones.
        if !isStoredReal, let null = unsafe self.number(file, "TNULL\(number)") { column.null = null + offset }
        return column
    }

    /// Pixels of a tile, which is inflated as a whole.
    private static let mostTile = 33_554_432.0
    private static let mostCharacters: Int64 = 4096

    private func isCompressed(_ file: CFitsio.File) -> Bool {
        var status: Int32 = 0
        return unsafe library.isCompressed(file, &status) == 1
    }

    @discardableResult func move(_ file: CFitsio.File, _ unit: Int32) throws(Failure) -> Int32 {
        var type: Int32 = 0
        try unsafe check("unit \(unit) cannot be found") { unsafe library.move(file, unit, &type, $0) }
        return type
    }

    private func number(_ file: CFitsio.File, _ what: String, _ function: CFitsio.Int32Of) throws(Failure) -> Int32 {
        var value: Int32 = 0
        try unsafe check(what) { unsafe function(file, &value, $0) }
        return value
    }

    /// The number of a keyword; nil where it is missing.
    private func number(_ file: CFitsio.File, _ key: String) -> Double? {
        var (value, status): (Double, Int32) = (0, 0)
        return unsafe library.numberKey(file, key, &value, nil, &status) == 0 ? value : nil
    }

    /// The string of a keyword; nil where it is missing.
    private func text(_ file: CFitsio.File, _ key: String) -> String? {
        // A card has 80 characters.
        var value = [CChar](repeating: 0, count: 128)
        var status: Int32 = 0
        guard unsafe library.textKey(file, key, &value, nil, &status) == 0 else { return nil }
        return String(String(zeroTerminated: value).reversed().drop { $0 == " " }.reversed())
    }

    func check(_ what: String, _ body: (CFitsio.Status) -> Int32) throws(Failure) {
        var status: Int32 = 0
        _ = unsafe body(&status)
        guard status == 0 else { throw library.failure(self, status, what) }
    }
}
