import Platform

/// The tensors and columns of strings of arrays, and the reasons why others are not read.
struct NumPyArrays {
    var tensors: [TensorView] = []
    var texts: [TextColumn] = []
    var refusals: [String: String] = [:]

    static func += (all: inout NumPyArrays, more: NumPyArrays) {
        all.tensors += more.tensors
        all.texts += more.texts
        all.refusals.merge(more.refusals) { first, _ in first }
    }
}

/// An array in a file, whose header was compared with the file's length.
struct NumPyArray {
    /// Empty for an `.npy`.
    let name: String
    let shape: [Int]
    /// In elements.
    let strides: [Int]
    let isColumnMajor: Bool
    let source: any ByteSource
    /// Offset of the first element.
    let start: Int

    func contents(_ element: NumPyElement, _ size: Int) -> NumPyArrays {
        var found = NumPyArrays()
        switch element {
        case .number(let dtype, let isBigEndian):
            let bytes = shape.reduce(dtype.byteCount, *)
            let swapped: (any ByteSource)? =
                isBigEndian && dtype.byteCount > 1
                ? SwappedSource(source, start..<start + bytes, width: dtype.byteCount) : nil
            found.tensors.append(
                TensorView(
                    name: name, dtype: dtype, shape: shape, strides: strides, byteOffset: swapped == nil ? start : 0,
                    source: swapped ?? source))
        case .text(let width, let unit, let isBigEndian):
            guard shape.count == 1 else {
                found.refusals[name] = "texts of shape \(shape), one axis is read"
                break
            }
            found.texts.append(
                TextColumn(name: name, count: shape[0], file: source.name) { rows throws(Failure) in
                    try texts(rows, of: size, at: 0, width: width, unit: unit, isBigEndian, name)
                })
        case .record(let fields): add(fields.flatMap(\.leaves), of: size, to: &found)
        case .refused(let reason, _): found.refusals[name] = reason
        }
        return found
    }

    private func add(_ fields: [NumPyField], of size: Int, to found: inout NumPyArrays) {
        for field in fields where !field.name.isEmpty {
            let name = self.name.isEmpty ? field.name : "\(self.name).\(field.name)"
            guard let rows = shape.first, size > 0, !isColumnMajor || shape.count == 1 else {
                found.refusals[name] = "lies in records of shape \(shape): expected rows of records"
                continue
            }
            switch field.element {
            case .number(let dtype, let isBigEndian):
                let shape = shape + field.shape
                guard RowSource.elements(shape) != nil else {
                    found.refusals[name] = "shape \(shape) overflows"
                    continue
                }
                found.tensors.append(
                    TensorView(name: name, dtype: dtype, shape: shape, rowsOf: source.name) { rows throws(Failure) in
                        try numbers(rows, of: size, field, dtype.byteCount, isBigEndian)
                    })
            case .text(let width, let unit, let isBigEndian) where field.shape.isEmpty && shape.count == 1:
                found.texts.append(
                    TextColumn(name: name, count: rows, file: source.name) { rows throws(Failure) in
                        try texts(rows, of: size, at: field.start, width: width, unit: unit, isBigEndian, name)
                    })
            case .text: found.refusals[name] = "texts of shape \(shape + field.shape), one axis is read"
            case .record: found.refusals[name] = "has several records in one: not read"
            case .refused(let reason, _): found.refusals[name] = reason
            }
        }
    }

    /// A field of the records of `rows`, little-endian.
    private func numbers(
        _ rows: Range<Int>, of size: Int, _ field: NumPyField, _ width: Int, _ isBigEndian: Bool
    ) throws(Failure) -> [UInt8] {
        let records = shape.dropFirst().reduce(1, *)
        let range = start + rows.lowerBound * records * size..<start + rows.upperBound * records * size
        return try source.withBytes(in: range) { (bytes: RawSpan) in
            var out: [UInt8] = []
            out.reserveCapacity(rows.count * records * (field.end - field.start))
            for record in 0..<rows.count * records {
                out += bytes.array(record * size + field.start..<record * size + field.end)
            }
            if isBigEndian { SwappedSource.swap(&out, width: width) }
            return out
        }
    }

    /// Strings of elements of `size` bytes, at an offset in each, without the zeros and blanks that pad them.
    private func texts(
        _ rows: Range<Int>, of size: Int, at offset: Int, width: Int, unit: Int, _ isBigEndian: Bool, _ name: String
    ) throws(Failure) -> [String] {
        let range = start + rows.lowerBound * size..<start + rows.upperBound * size
        return try source.withBytes(in: range) { (bytes: RawSpan) throws(Failure) in
            var texts: [String] = []
            for index in 0..<rows.count {
                let first = index * size + offset
                let text = Self.text(bytes.extracting(first..<first + width), unit: unit, isBigEndian)
                guard let text else {
                    throw Failure(
                        source.name,
                        "array \(name.quoted): row \(rows.lowerBound + index) is not valid \(unit == 1 ? "UTF-8" : "UTF-32")"
                    )
                }
                texts.append(text)
            }
            return texts
        }
    }

    /// A string of UTF-8 (units of 1 byte) or UTF-32; nil where it is neither.
    private static func text(_ bytes: RawSpan, unit: Int, _ isBigEndian: Bool) -> String? {
        guard unit == 4 else { return String(padded: bytes.array(0..<bytes.byteCount)[...]) }
        var text = String.UnicodeScalarView()
        for offset in stride(from: 0, to: bytes.byteCount, by: 4) {
            let code = bytes.uint32(at: offset)
            if code == 0 { break }
            guard let scalar = Unicode.Scalar(isBigEndian ? code.byteSwapped : code) else { return nil }
            text.append(scalar)
        }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
