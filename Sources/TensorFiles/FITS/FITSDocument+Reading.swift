import Platform

/// Reads numbers and strings of a FITS file through cfitsio.
extension FITSDocument {
    /// Pixels of an image, row-major: `rows` of its slowest axis.
    func pixels(_ unit: Unit, _ image: Image, rows: Range<Int>, as memory: CFitsio.Memory) throws(Failure) -> [UInt8] {
        let width = image.shape.dropFirst().reduce(1, *)
        var bytes = [UInt8](repeating: 0, count: rows.count * width * memory.byteCount)
        // Fastest axis first, from 1, both ends included. Compressed images of more than three axes can only be read this way.
        let first = image.shape.dropFirst().map { _ in 1 } + [rows.lowerBound + 1]
        let last = image.shape.dropFirst().reversed() + [rows.upperBound]
        try unsafe read(rows, of: describe(unit), in: unit) { file, anyNull, status in
            unsafe bytes.withUnsafeMutableBytes { target -> Int32 in
                guard let out = target.baseAddress else { return 0 }
                return unsafe withNull(image.hasNulls, memory) { null in
                    guard image.isCompressed else {
                        return unsafe library.readImage(
                            file, memory.rawValue, Int64(rows.lowerBound * width) + 1, Int64(rows.count * width), null,
                            out, anyNull, status)
                    }
                    let steps = [Int](repeating: 1, count: first.count)
                    return unsafe library.readSubset(
                        file, memory.rawValue, first, Array(last), steps, null, out, anyNull, status)
                }
            }
        }
        return bytes
    }

    /// Numbers of a column, row after row, `width` of each.
    func numbers(
        _ unit: Unit, _ column: Column, rows: Range<Int>, width: Int, as memory: CFitsio.Memory
    ) throws(Failure) -> [UInt8] {
        let count = rows.count * width
        var bytes = [UInt8](repeating: 0, count: count * memory.byteCount)
        try unsafe read(rows, of: "column \(column.name.quoted)", in: unit) { file, anyNull, status in
            unsafe bytes.withUnsafeMutableBytes { target -> Int32 in
                guard let out = target.baseAddress else { return 0 }
                return unsafe withNull(column.hasNulls, memory) { null in
                    unsafe library.readColumn(
                        file, memory.rawValue, column.number, Int64(rows.lowerBound) + 1, 1, Int64(count), null, out,
                        anyNull, status)
                }
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
        return (0..<rows.count).map { index in
            let text = String(zeroTerminated: Array(characters[index * stride..<(index + 1) * stride]))
            return String(text.reversed().drop { $0 == " " }.reversed())
        }
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
    private func withNull(_ isWanted: Bool, _ memory: CFitsio.Memory, _ body: (UnsafeRawPointer?) -> Int32) -> Int32 {
        // Without it cfitsio copies numbers unchanged; with it, it would turn infinity into NaN and subnormal numbers into 0.
        guard isWanted else { return body(nil) }
        switch memory {
        case .float32:
            var null = Float.nan
            return unsafe body(&null)
        case .float64:
            var null = Double.nan
            return unsafe body(&null)
        case .int64: return body(nil)
        }
    }
}
