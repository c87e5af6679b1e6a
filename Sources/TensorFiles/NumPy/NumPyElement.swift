import Platform

/// The type of an array's elements.
enum NumPyElement {
    case number(DType)
    /// Bytes of a string, and of one of its characters.
    case text(width: Int, unit: Int)

    private static let mostCharacters = 4096
    private static let types: [String: DType] = [
        "f8": .f64, "f4": .f32, "f2": .f16, "i8": .i64, "i4": .i32, "i2": .i16, "i1": .i8, "u1": .u8, "b1": .bool,
    ]

    /// `numpy.dtype.str` of a little-endian type, such as `<f4`.
    static func descr(_ dtype: DType) -> String { "<" + (types.first { $0.value == dtype }?.key ?? "") }

    /// - Parameter descr: `numpy.dtype.str`, such as `<f4` or `|S12`.
    init(_ descr: String, failure: (String) -> Failure) throws(Failure) {
        guard let order = descr.first, "<>|=".contains(order) else {
            throw failure("dtype \(descr.quoted) is not supported")
        }
        let type = descr.dropFirst()
        if let dtype = Self.types[String(type)] {
            self = .number(dtype)
        } else if let kind = type.first, "SU".contains(kind), let length = Int(type.dropFirst()),
            (1...Self.mostCharacters).contains(length)
        {
            let unit = kind == "S" ? 1 : 4
            self = .text(width: length * unit, unit: unit)
        } else {
            throw failure("dtype \(descr.quoted) is not supported")
        }
        guard order == "<" || (order == "|" && isOfBytes) else {
            throw failure("dtype \(descr.quoted): only little-endian arrays are read")
        }
    }

    var byteCount: Int {
        switch self {
        case .number(let dtype): dtype.byteCount
        case .text(let width, _): width
        }
    }

    var name: String {
        switch self {
        case .number(let dtype): dtype.rawValue
        case .text(let width, let unit): "text of \(width / unit)"
        }
    }

    /// Whether the type has no byte order.
    private var isOfBytes: Bool {
        switch self {
        case .number(let dtype): dtype.byteCount == 1
        case .text(_, let unit): unit == 1
        }
    }
}
