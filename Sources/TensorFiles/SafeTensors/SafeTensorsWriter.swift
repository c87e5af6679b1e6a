import Platform

/// Writes a safetensors file: tensors of wider elements first, so that each is aligned to its elements.
public struct SafeTensorsWriter {
    private enum Contents {
        case floats([Float])
        case integers([Int64])
        case view(TensorView)
    }
    private struct Entry {
        let name: String
        let dtype: DType
        let shape: [Int]
        let contents: Contents
        var byteCount: Int { shape.reduce(1, *) * dtype.byteCount }
    }

    private var entries: [Entry] = []
    /// Number of elements converted at a time.
    private static let pieceCount = 1 << 16

    public init() {}

    /// Adds float32 values in row-major order, to be stored as `dtype`: f32, f16 or bf16 (rounded to nearest even).
    public mutating func add(_ name: String, shape: [Int], floats: [Float], as dtype: DType = .f32) {
        entries.append(Entry(name: name, dtype: dtype, shape: shape, contents: .floats(floats)))
    }

    /// Adds integers in row-major order, stored as i64.
    public mutating func add(_ name: String, shape: [Int], integers: [Int64]) {
        entries.append(Entry(name: name, dtype: .i64, shape: shape, contents: .integers(integers)))
    }

    /// Adds a tensor of another file, unchanged or converted to `dtype`: f32, f16 or bf16. It is read when the file is
    /// written.
    public mutating func add(_ view: TensorView, named name: String? = nil, as dtype: DType? = nil) {
        entries.append(
            Entry(name: name ?? view.name, dtype: dtype ?? view.dtype, shape: view.shape, contents: .view(view)))
    }

    /// Writes the file, whole or not at all.
    /// - Throws: `Failure` when it cannot be written, when a name appears twice, when values do not fit their
    ///   shape or type, or when a tensor cannot be read.
    public func write(to path: String, metadata: [String: String] = [:]) throws(Failure) {
        try check(path)
        let ordered = entries.enumerated().sorted {
            ($1.element.dtype.byteCount, $0.offset) < ($0.element.dtype.byteCount, $1.offset)
        }.map(\.element)
        let file = try AtomicFile(path: path)
        let header = Self.header(ordered, metadata)
        var length: [UInt8] = []
        length.append64(header.utf8.count)
        try file.write(length)
        try file.write(header)
        for entry in ordered { try write(entry, to: file) }
        try file.commit()
    }

    private func check(_ path: String) throws(Failure) {
        var names = Set<String>()
        for entry in entries {
            func failure(_ what: String) -> Failure { Failure(path, "tensor \(entry.name.quoted): \(what)") }
            guard entry.name != "__metadata__", names.insert(entry.name).inserted else {
                throw failure("this name is taken")
            }
            guard let count = TensorLayout.dense(entry.shape)?.count else {
                throw failure("shape \(entry.shape) is negative or overflows")
            }
            let given: Int
            let kept: Bool
            switch entry.contents {
            case .floats(let values): (given, kept) = (values.count, entry.dtype == .f32)
            case .integers(let values): (given, kept) = (values.count, true)
            case .view(let view): (given, kept) = (view.count, entry.dtype == view.dtype)
            }
            guard given == count else { throw failure("\(given) values for shape \(entry.shape)") }
            guard kept || [.f32, .f16, .bf16].contains(entry.dtype) else {
                throw failure("cannot be converted to \(entry.dtype.rawValue)")
            }
        }
    }

    /// The JSON header, padded with spaces so that the data begins at a multiple of 8.
    private static func header(_ entries: [Entry], _ metadata: [String: String]) -> String {
        var parts: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(json($0.key)):\(json($0.value))" }
            parts.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        for entry in entries {
            let shape = entry.shape.map(String.init).joined(separator: ",")
            let end = offset + entry.byteCount
            parts.append(
                "\(json(entry.name)):{\"dtype\":\"\(entry.dtype.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        let text = "{\(parts.joined(separator: ","))}"
        return text + String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
    }

    private static func json(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private func write(_ entry: Entry, to file: AtomicFile) throws(Failure) {
        switch entry.contents {
        case .integers(let values): try file.write(values.span.rawSpan)
        case .floats(let values) where entry.dtype == .f32: try file.write(values.span.rawSpan)
        case .floats(let values):
            for start in stride(from: 0, to: values.count, by: Self.pieceCount) {
                let piece = values[start..<min(values.count, start + Self.pieceCount)].map { Double($0) }
                try write(piece, as: entry, to: file)
            }
        case .view(let view) where view.count == 0: break
        case .view(let view):
            let rowsAtOnce = max(1, Self.pieceCount / max(1, view.rowCount))
            for start in stride(from: 0, to: view.rows, by: rowsAtOnce) {
                let rows = start..<min(view.rows, start + rowsAtOnce)
                if view.dtype == entry.dtype {
                    try file.write(try view.rowMajorBytes(rows: rows))
                } else {
                    try write(try view.doubles(rows: rows), as: entry, to: file)
                }
            }
        }
    }

    private func write(_ values: [Double], as entry: Entry, to file: AtomicFile) throws(Failure) {
        func check(_ value: Double, _ isFinite: Bool) throws(Failure) {
            guard isFinite || !value.isFinite else {
                throw Failure(file.path, "tensor \(entry.name.quoted): \(value) is beyond \(entry.dtype.rawValue)")
            }
        }
        if entry.dtype == .f32 {
            let floats = values.map { Float($0) }
            for index in values.indices { try check(values[index], floats[index].isFinite) }
            return try file.write(floats.span.rawSpan)
        }
        let isHalf = entry.dtype == .f16
        let infinity: UInt16 = isHalf ? 0x7C00 : 0x7F80
        let bits = values.map { isHalf ? HalfPrecision.half($0) : HalfPrecision.brain($0) }
        for index in values.indices { try check(values[index], bits[index] & infinity != infinity) }
        try file.write(bits.span.rawSpan)
    }
}
