import Platform

/// The type of an array's elements.
indirect enum NumPyElement: Sendable {
    case number(DType, isBigEndian: Bool)
    /// Bytes of a string, and of one of its characters.
    case text(width: Int, unit: Int, isBigEndian: Bool)
    /// A record of fields.
    case record([NumPyField])
    /// Not read, for this reason.
    /// - Parameter byteCount: nil where the elements have no size: they are pickled objects.
    case refused(String, byteCount: Int?)

    private static let mostCharacters = 4096
    private static let types: [String: DType] = [
        "f8": .f64, "f4": .f32, "f2": .f16, "i8": .i64, "i4": .i32, "i2": .i16, "i1": .i8, "u8": .u64, "u4": .u32,
        "u2": .u16, "u1": .u8, "b1": .bool,
    ]

    /// `numpy.dtype.str` of a little-endian type, such as `<f4`.
    static func descr(_ dtype: DType) -> String { "<" + (types.first { $0.value == dtype }?.key ?? "") }

    /// - Parameter descr: `numpy.dtype.str`, such as `<f4` or `|S12`.
    init(_ descr: String) {
        let (order, type) = (descr.prefix(1), descr.dropFirst())
        let digits = type.dropFirst().prefix { $0.isASCII && $0.isNumber }
        if let dtype = Self.types[String(type)], order == "<" || order == ">" || order == "|" && dtype.byteCount == 1 {
            self = .number(dtype, isBigEndian: order == ">")
        } else if let kind = type.first, "SU".contains(kind), ["<", ">", "|"].contains(order),
            let length = Int(type.dropFirst()), (1...Self.mostCharacters).contains(length)
        {
            let unit = kind == "S" ? 1 : 4
            self = .text(width: length * unit, unit: unit, isBigEndian: order == ">")
        } else {
            // Objects are pickled, in as many bytes as they take.
            let unit = type.first == "U" ? 4 : 1
            let size = type.first == "O" ? nil : Int(digits).map { $0.multipliedReportingOverflow(by: unit) }
            self = .refused(
                "dtype \(descr.quoted) is not supported",
                byteCount: size.flatMap { $0.overflow ? nil : $0.partialValue })
        }
    }

    /// Bytes of an element; nil where they are not known.
    var byteCount: Int? {
        switch self {
        case .number(let dtype, _): dtype.byteCount
        case .text(let width, _, _): width
        case .record(let fields): fields.last.map(\.end) ?? 0
        case .refused(_, let byteCount): byteCount
        }
    }

    var name: String {
        switch self {
        case .number(let dtype, _): dtype.rawValue
        case .text(let width, let unit, _): "text of \(width / unit)"
        case .record(let fields): "record of \(fields.count)"
        case .refused: "data"
        }
    }
}

/// A field of a record.
struct NumPyField: Sendable {
    /// Empty for bytes that align the next field.
    let name: String
    let element: NumPyElement
    /// Of the field in one record; empty for a single element.
    let shape: [Int]
    /// Offset in the record.
    let start: Int
    /// Offset of the byte after it.
    let end: Int

    /// nil where the length of the field is unknown or overflows.
    init?(_ name: String, _ element: NumPyElement, shape: [Int], start: Int) {
        guard let size = element.byteCount, let bytes = TensorLayout.dense(shape, elementSize: size)?.byteCount else {
            return nil
        }
        let (end, overflow) = start.addingReportingOverflow(bytes)
        guard !overflow else { return nil }
        (self.name, self.element, self.shape, self.start, self.end) = (name, element, shape, start, end)
    }

    /// The fields of the field, if it is itself one record, with their names and offsets in the outer one; otherwise the
    /// field.
    var leaves: [NumPyField] {
        guard case .record(let fields) = element, shape.isEmpty else { return [self] }
        return fields.flatMap(\.leaves).compactMap { field in
            field.name.isEmpty
                ? nil
                : NumPyField("\(name).\(field.name)", field.element, shape: field.shape, start: start + field.start)
        }
    }
}
