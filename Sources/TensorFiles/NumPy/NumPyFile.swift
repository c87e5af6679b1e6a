import Platform

/// NumPy's `.npy` (versions 1 to 3) and `.npz`, a zip archive of them.
/// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
enum NumPyFile {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// More than 64 axes of 20 digits need.
    private static let maximumHeader = 4096

    static func read(_ source: some ByteSource) throws(Failure) -> TensorFile {
        let range = 0..<source.byteCount
        let array = try source.withBytes(in: range.prefix(maximumHeader)) { (head: RawSpan) throws(Failure) in
            try view("", head, source, range)
        }
        guard case .numbers(let tensor) = array else { throw Failure(source.name, "expected numbers, found texts") }
        return TensorFile(
            name: source.name, format: .npy, byteCount: source.byteCount, tensors: [tensor])
    }

    /// Whether the archive contains arrays.
    static func matches(_ archive: ZipArchive) -> Bool { archive.entries.contains { $0.name.hasSuffix(".npy") } }

    static func read(_ archive: ZipArchive) throws(Failure) -> TensorFile {
        var tensors: [TensorView] = []
        var texts: [TextColumn] = []
        var members: [ZipMember] = []
        for entry in archive.entries where entry.name.hasSuffix(".npy") {
            let member = archive.member(entry)
            let array = try member.withHead(maximumHeader) { (head: RawSpan) throws(Failure) in
                try view(String(entry.name.dropLast(4)), head, member.source, member.range)
            }
            switch array {
            case .numbers(let tensor): tensors.append(tensor)
            case .texts(let column): texts.append(column)
            }
            members.append(member)
        }
        return TensorFile(
            name: archive.source.name, format: .npz, byteCount: archive.source.byteCount, tensors: tensors,
            texts: texts, members: members)
    }

    private enum Contents { case numbers(TensorView), texts(TextColumn) }

    /// The array that fills `range` of `source` and begins with `bytes`. Its header has to account for every byte, so that
    /// a deflated array never takes more memory than its shape declares.
    private static func view(
        _ name: String, _ bytes: RawSpan, _ source: some ByteSource, _ range: Range<Int>
    ) throws(Failure) -> Contents {
        func failure(_ what: String) -> Failure {
            Failure(source.name, name.isEmpty ? what : "array \(name.quoted): \(what)")
        }
        guard bytes.starts(with: magic), bytes.byteCount >= 10 else { throw failure("is no .npy array") }
        let (start, length): (Int, Int)
        switch bytes.byte(at: 6) {
        case 1: (start, length) = (10, Int(bytes.uint16(at: 8)))
        case 2, 3:
            guard bytes.byteCount >= 12 else { throw failure("ends in its header") }
            (start, length) = (12, Int(bytes.uint32(at: 8)))
        default: throw failure(".npy version \(bytes.byte(at: 6)), 1 to 3 are known")
        }
        guard length <= range.count - start else {
            throw failure("header of \(length) bytes, \(range.count - start) bytes are left")
        }
        guard length <= bytes.byteCount - start else {
            throw failure("header of \(length) bytes, at most \(maximumHeader) are read")
        }
        let header = try NumPyHeader(bytes.extracting(start..<start + length)) { failure($0) }
        let dataStart = range.lowerBound + start + length
        let axes = header.isColumnMajor ? header.shape.reversed() : header.shape
        guard let (rowMajor, _, needed) = TensorLayout.dense(axes, elementSize: header.element.byteCount) else {
            throw failure("shape \(header.shape) overflows")
        }
        let strides = header.isColumnMajor ? rowMajor.reversed() : rowMajor
        guard needed == range.upperBound - dataStart else {
            throw failure(
                "\(header.element.name) \(header.shape) needs \(needed) bytes, has \(range.upperBound - dataStart)")
        }
        switch header.element {
        case .number(let dtype):
            return .numbers(
                TensorView(
                    name: name, dtype: dtype, shape: header.shape, strides: strides, byteOffset: dataStart,
                    source: source))
        case .text(let width, let unit):
            guard header.shape.count == 1 else { throw failure("texts of shape \(header.shape), one axis is read") }
            return .texts(
                TextColumn(name: name, count: header.shape[0], file: source.name) { rows throws(Failure) in
                    let range = dataStart + rows.lowerBound * width..<dataStart + rows.upperBound * width
                    return try source.withBytes(in: range) { (bytes: RawSpan) in
                        (0..<rows.count).map { text(bytes.extracting($0 * width..<($0 + 1) * width), unit: unit) }
                    }
                })
        }
    }

    /// A string of UTF-8 (units of 1 byte) or UTF-32, without the zeros that pad it.
    private static func text(_ bytes: RawSpan, unit: Int) -> String {
        guard unit == 4 else {
            return bytes.text(0..<(bytes.firstIndex(of: 0, in: 0..<bytes.byteCount) ?? bytes.byteCount))
        }
        var text = String.UnicodeScalarView()
        for offset in stride(from: 0, to: bytes.byteCount, by: 4) {
            let code = bytes.uint32(at: offset)
            if code == 0 { break }
            text.append(Unicode.Scalar(code) ?? "\u{FFFD}")
        }
        return String(text)
    }
}

/// The dictionary before an array's data: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NumPyHeader {
    let element: NumPyElement
    let isColumnMajor: Bool
    let shape: [Int]

    private static let maximumRank = 64

    init(_ bytes: RawSpan, failure: (String) -> Failure) throws(Failure) {
        var text = Substring(bytes.text(0..<bytes.byteCount))
        func take(_ token: String) -> Bool {
            while let first = text.first, first.isWhitespace { text.removeFirst() }
            guard text.hasPrefix(token) else { return false }
            text.removeFirst(token.count)
            return true
        }
        func expect(_ token: String) throws(Failure) {
            guard take(token) else { throw failure("header: \(token.quoted) expected before \(String(text).quoted)") }
        }
        func string() throws(Failure) -> String {
            let quote = take("'") ? "'" : "\""
            if quote == "\"" { try expect("\"") }
            let value = text.prefix { $0 != Character(quote) && $0 != "\\" }
            text.removeFirst(value.count)
            try expect(quote)
            return String(value)
        }
        func length() throws(Failure) -> Int {
            _ = take("")
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits) else {
                throw failure("header: \(String(text.prefix(32)).quoted) is no length within 64 bits")
            }
            text.removeFirst(digits.count)
            _ = take("L")  // as Python 2 wrote long integers
            return number
        }

        var descr: String?
        var columnMajor: Bool?
        var shape: [Int]?
        try expect("{")
        while !take("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "descr" where descr == nil:
                guard !take("[") else { throw failure("header: structured arrays are not supported") }
                descr = try string()
            case "fortran_order" where columnMajor == nil:
                columnMajor = take("True")
                if columnMajor == false { try expect("False") }
            case "shape" where shape == nil:
                var lengths: [Int] = []
                try expect("(")
                while !take(")") {
                    guard lengths.count < Self.maximumRank else {
                        throw failure("header: more than \(lengths.count) axes")
                    }
                    lengths.append(try length())
                    if !take(",") {
                        try expect(")")
                        break
                    }
                }
                shape = lengths
            default: throw failure("header: \(key.quoted) is unknown or appears twice")
            }
            if !take(",") {
                try expect("}")
                break
            }
        }
        guard text.allSatisfy({ $0.isWhitespace }) else { throw failure("header: something follows its dictionary") }
        guard let descr, let columnMajor, let shape else {
            throw failure("header: descr, fortran_order or shape is missing")
        }
        element = try NumPyElement(descr, failure: failure)
        isColumnMajor = columnMajor
        self.shape = shape
    }
}
