import Glibc
import Platform

/// A FITS file that cfitsio reads: its units (HDUs) and their data. Any number of threads may call.
final class FITSDocument: Sendable {
    let name: String
    private let source: any ByteSource
    private let isGzip: Bool
    let library: CFitsio

    /// An image as its header declares it.
    struct Image {
        let dtype: DType
        /// Slowest axis first.
        let shape: [Int]
        /// Whether some values may be undefined (BLANK, or NaN of compressed floats).
        let hasNulls: Bool
        /// Whether it is stored as compressed tiles in a table.
        let isCompressed: Bool
        /// Why it is not read; nil for an image that is.
        var refusal: String?

        /// An image of unknown shape that is not read.
        static func refused(_ reason: String) -> Image {
            Image(dtype: .f64, shape: [], hasNulls: false, isCompressed: false, refusal: reason)
        }
    }

    /// A column of a table as its header declares it.
    struct Column {
        enum Kind {
            case number(DType)
            case text(width: Int)
            /// Not read, for this reason.
            case refused(String)
        }

        let number: Int32
        let name: String
        let kind: Kind
        /// Whether integers are stored, one of which (TNULL) may stand for undefined values.
        var hasNulls = false
        /// Whether stored numbers have a scale or an offset; not where the offset makes unsigned integers of signed ones.
        var isScaled = false
        /// The integer that stands for undefined values.
        var null: Double?
        /// Of one row, slowest axis first; empty where a row has one number or string.
        var shape: [Int] = []
    }

    /// A header and its data (HDU).
    struct Unit {
        enum Content { case image(Image), table(rows: Int, columns: [Column]), empty }

        /// From 1.
        let number: Int32
        /// EXTNAME; empty where it is missing.
        let name: String
        /// FILTER; empty where it is missing.
        let filter: String
        let content: Content
    }

    init(_ source: any ByteSource, isGzip: Bool) throws(Failure) {
        name = source.name
        self.source = source
        self.isGzip = isGzip
        library = try CFitsio.shared(for: source.name)
    }

    deinit { close() }

    /// Closes the file. Reading it opens it again.
    func close() { library.close(self) }

    /// The file as the library opens it: a new inflated or fetched copy, if it is compressed or remote. Using more files at
    /// once than are kept open takes time, not disk space.
    func local() throws(Failure) -> LibraryFile {
        try LibraryFile(source, isGzip: isGzip, blockSize: FITSHeaders.blockSize)
    }

    func failure(_ what: String) -> Failure { Failure(name, "FITS: \(what)") }

    /// Name of a unit in error messages.
    func describe(_ unit: Unit) -> String {
        unit.name.isEmpty ? "unit \(unit.number)" : "unit \(unit.number) (\(unit.name.printable))"
    }

    /// The strings of these keywords in a unit's header, also those that continue on further cards, as far as they are there.
    func notes(_ keywords: [String], unit: Int) throws(Failure) -> [String: String] {
        try unsafe library.with(self) { (file, _) throws(Failure) in
            try unsafe move(file, Int32(clamping: unit))
            var notes: [String: String] = [:]
            for keyword in keywords {
                var (text, status): (UnsafeMutablePointer<CChar>?, Int32) = (nil, 0)
                guard unsafe library.longTextKey(file, keyword, &text, nil, &status) == 0, let text = unsafe text else {
                    continue
                }
                defer { unsafe free(text) }
                notes[keyword] = unsafe String(validatingCString: text)
            }
            return notes
        }
    }

    // MARK: Reading numbers and strings

    /// Pixels of an image, row-major: `rows` of its slowest axis.
    func pixels(_ unit: Unit, _ image: Image, rows: Range<Int>, as dtype: DType) throws(Failure) -> [UInt8] {
        let width = image.shape.dropFirst().reduce(1, *)
        var bytes = [UInt8](repeating: 0, count: rows.count * width * dtype.byteCount)
        // Fastest axis first, from 1, both ends included. Compressed images of more than three axes can only be read this way.
        let first = image.shape.dropFirst().map { _ in 1 } + [rows.lowerBound + 1]
        let last = image.shape.dropFirst().reversed() + [rows.upperBound]
        try unsafe read(rows, of: describe(unit), in: unit) { file, anyNull, status in
            unsafe withNull(image.hasNulls, dtype) { null in
                guard !bytes.isEmpty else { return 0 }
                guard image.isCompressed else {
                    return unsafe library.readImage(
                        file, CFitsio.code(dtype), Int64(rows.lowerBound * width) + 1, Int64(rows.count * width), null,
                        &bytes, anyNull, status)
                }
                let steps = [Int](repeating: 1, count: first.count)
                return unsafe library.readSubset(
                    file, CFitsio.code(dtype), first, Array(last), steps, null, &bytes, anyNull, status)
            }
        }
        return bytes
    }

    /// Numbers of a column, row after row, `width` of each.
    func numbers(
        _ unit: Unit, _ column: Column, rows: Range<Int>, width: Int, as dtype: DType
    ) throws(Failure) -> [UInt8] {
        let count = rows.count * width
        var bytes = [UInt8](repeating: 0, count: count * dtype.byteCount)
        try unsafe read(rows, of: "column \(column.name.quoted)", in: unit) { file, anyNull, status in
            unsafe withNull(column.hasNulls, dtype) { null in
                guard !bytes.isEmpty else { return 0 }
                return unsafe library.readColumn(
                    file, CFitsio.code(dtype), column.number, Int64(rows.lowerBound) + 1, 1, Int64(count), null, &bytes,
                    anyNull, status)
            }
        }
        return bytes
    }

    /// Strings of a column, without trailing blanks.
    func texts(_ unit: Unit, _ column: Column, rows: Range<Int>, width: Int) throws(Failure) -> [String] {
        // The characters of a string, the terminating zero, and one to spare.
        let stride = width + 2
        var characters = [CChar](repeating: 0, count: rows.count * stride)
        try unsafe read(rows, of: "column \(column.name.quoted)", in: unit) { file, anyNull, status in
            unsafe characters.withUnsafeMutableBufferPointer { target -> Int32 in
                guard let out = target.baseAddress else { return 0 }
                var pointers = unsafe (0..<rows.count).map { index -> UnsafeMutablePointer<CChar>? in
                    unsafe out + index * stride
                }
                return unsafe library.readTexts(
                    file, column.number, Int64(rows.lowerBound) + 1, 1, Int64(rows.count), "", &pointers, anyNull,
                    status)
            }
        }
        var texts: [String] = []
        for (index, row) in rows.enumerated() {
            let bytes = characters[index * stride..<(index + 1) * stride].map { UInt8(bitPattern: $0) }
            guard let text = String(padded: bytes[...]) else {
                throw failure("column \(column.name.quoted): row \(row) is not text in ASCII or UTF-8")
            }
            texts.append(text)
        }
        return texts
    }

    /// Calls `body`, which reads rows, with the file at a unit and a variable for whether any value was undefined.
    /// - Parameter what: the column or image, for errors.
    private func read(
        _ rows: Range<Int>, of what: String, in unit: Unit,
        _ body: (CFitsio.File, UnsafeMutablePointer<Int32>, CFitsio.Status) -> Int32
    ) throws(Failure) {
        try unsafe library.with(self) { (file, _) throws(Failure) in
            try unsafe move(file, unit.number)
            var anyNull: Int32 = 0
            try unsafe check("\(what): rows from \(rows.lowerBound) on cannot be read") {
                unsafe body(file, &anyNull, $0)
            }
        }
    }

    /// Calls `body` with the value for undefined pixels (NaN), or with nil where it is not wanted.
    private func withNull(_ isWanted: Bool, _ dtype: DType, _ body: (UnsafeRawPointer?) -> Int32) -> Int32 {
        // Without it cfitsio copies numbers unchanged; with it, it would turn infinity into NaN and subnormal numbers into 0.
        guard isWanted, dtype != .i64, dtype != .u64 else { return body(nil) }
        var (float, double) = (Float.nan, Double.nan)
        return unsafe dtype == .f32 ? body(&float) : body(&double)
    }
}
