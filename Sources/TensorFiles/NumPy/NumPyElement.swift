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

/// An array as an `.npy` file stores it: a header, then rows without gaps.
struct NumPyLayout {
    let header: [UInt8]
    /// Bytes of a row, which is a step along the first axis.
    let rowSize: Int
    /// Bytes of header and rows.
    let byteCount: Int

    /// Bytes of the shortest header: enough for any number of rows of one or two axes.
    private static let shortestHeader = 128

    /// nil where the number of bytes overflows, or a length is negative.
    init?(_ dtype: DType, shape: [Int]) {
        guard let data = TensorLayout.dense(shape, elementSize: dtype.byteCount)?.byteCount else { return nil }
        header = Self.header(dtype, shape)
        rowSize = shape.dropFirst().reduce(dtype.byteCount, *)
        let (sum, sumOverflow) = data.addingReportingOverflow(header.count)
        guard !sumOverflow else { return nil }
        byteCount = sum
    }

    func offset(ofRow row: Int) -> Int { header.count + row * rowSize }

    static func header(_ dtype: DType, _ shape: [Int]) -> [UInt8] {
        let lengths = shape.map { "\($0)," }.joined(separator: " ")
        let tuple = shape.count == 1 ? lengths : String(lengths.dropLast())
        let text = "{'descr': '\(NumPyElement.descr(dtype))', 'fortran_order': False, 'shape': (\(tuple)), }"
        // A multiple of 64 bytes, the last of them a line feed.
        let size = max(shortestHeader, (10 + text.utf8.count + 1 + 63) / 64 * 64)
        let padded = text + String(repeating: " ", count: size - 11 - text.utf8.count) + "\n"
        let length = size - 10
        return NumPyFile.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(padded.utf8)
    }
}
