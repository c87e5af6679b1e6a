import Platform

/// A NumPy array as a pickle describes it: its layout, and where its bytes are in the pickle. The functions of NumPy that
/// the pickle names are not called.
struct PickledArray {
    let element: NumPyElement
    let shape: [Int]
    let strides: [Int]
    let data: PickledBytes

    private static let maximumRank = 64

    /// - Throws: `Failure` with the reason alone, for an array that is not read.
    init(
        node: Int32, arena: PickleArena, bytes: RawSpan, latin: inout [UInt32: LatinText]
    ) throws(Failure) {
        func refusal(_ what: String) -> Failure { Failure(what) }
        let arguments = arena.items(of: arena[node].arguments, limit: 8)
        var parts: [PickleValue]
        if arena.globalName(arena[node].type, bytes)?.name == "_frombuffer" {
            guard arguments.count == 4, let order = arena.text(arguments[3], bytes) else {
                throw refusal("a NumPy array that is described in an unknown way")
            }
            parts = [arguments[2], arguments[1], .bool(order == "F"), arguments[0]]
        } else {
            guard case .node(let type)? = arguments.first, let name = arena.globalName(type, bytes),
                ["ndarray", "memmap", "matrix"].contains(name.name), name.module.hasPrefix("numpy")
            else { throw refusal("is not a plain NumPy array: save it as one (numpy.asarray)") }
            guard case .node(let state)? = arena.chain(from: arena[node].state).first(where: { _ in true }),
                arena[state].kind == .tuple
            else { throw refusal("a NumPy array without contents") }
            parts = arena.items(of: state, limit: 6)
            // Its version comes first, except in arrays of the oldest NumPy.
            if parts.count == 5 { parts.removeFirst() }
        }
        guard parts.count == 4, let shape = arena.integers(parts[0], limit: Self.maximumRank),
            case .bool(let isColumnMajor) = parts[2]
        else { throw refusal("a NumPy array whose shape is described in an unknown way") }
        element = NumPyElement(try Self.descr(parts[1], arena, bytes))
        if case .refused(let reason, _) = element { throw refusal(reason) }
        guard let size = element.byteCount else { throw refusal("an array of objects: save it as numbers") }
        data = try PickledBytes(parts[3], arena, bytes, latin: &latin)
        let axes = isColumnMajor ? shape.reversed() : shape
        guard let (rowMajor, _, needed) = TensorLayout.dense(axes, elementSize: size) else {
            throw refusal("shape \(shape) overflows")
        }
        guard needed == data.count else {
            throw refusal("\(element.name) \(shape) needs \(needed) bytes, has \(data.count)")
        }
        (self.shape, strides) = (shape, isColumnMajor ? rowMajor.reversed() : rowMajor)
    }

    /// An integer, as a number or as NumPy pickles one of its own (`scalar(dtype, bytes)`); nil for anything else.
    static func scalar(_ value: PickleValue, _ arena: PickleArena, _ bytes: RawSpan) -> Int? {
        if case .int(let number) = value { return number }
        guard case .node(let node) = value, arena[node].kind == .object,
            let name = arena.globalName(arena[node].type, bytes), name.name == "scalar", name.module.hasPrefix("numpy"),
            case let arguments = arena.items(of: arena[node].arguments, limit: 2), arguments.count == 2,
            let descr = try? descr(arguments[0], arena, bytes),
            case .number(let dtype, isBigEndian: false) = NumPyElement(descr),
            !dtype.isFloatingPoint
        else { return nil }
        var latin: [UInt32: LatinText] = [:]
        guard let data = try? PickledBytes(arguments[1], arena, bytes, latin: &latin), data.count == dtype.byteCount,
            let little = data.little(bytes)
        else { return nil }
        let unused = 64 - 8 * dtype.byteCount
        let isUnsigned = dtype == .u8 || dtype == .bool || dtype == .u64
        return isUnsigned ? Int(exactly: little) : Int(Int64(bitPattern: little << UInt64(unused)) >> Int64(unused))
    }

    /// `numpy.dtype.str` of a pickled `numpy.dtype`: the type with its byte order.
    private static func descr(_ value: PickleValue, _ arena: PickleArena, _ bytes: RawSpan) throws(Failure) -> String {
        guard case .node(let node) = value, arena[node].kind == .object,
            arena.globalName(arena[node].type, bytes)?.name == "dtype",
            let code = arena.items(of: arena[node].arguments, limit: 1).first.flatMap({ arena.text($0, bytes) })
        else { throw Failure("a NumPy array whose type is described in an unknown way") }
        guard case .node(let state)? = arena.chain(from: arena[node].state).first(where: { _ in true }) else {
            return "|" + code
        }
        let parts = arena.items(of: state, limit: 5)
        guard parts.count > 3, let order = arena.text(parts[1], bytes) else {
            throw Failure("a NumPy array whose type is described in an unknown way")
        }
        guard case .none = parts[3] else { throw Failure("structured arrays are not supported") }
        return order + code
    }
}

/// Bytes in a pickle: as they are, or as a text of characters below 256 (`_codecs.encode(text, 'latin1')`), as which
/// protocols 0 to 2 store them.
enum PickledBytes {
    case plain(offset: Int, count: Int)
    case latin(LatinText)

    var count: Int {
        switch self {
        case .plain(_, let count): count
        case .latin(let text): text.count
        }
    }

    /// - Parameter latin: texts found so far by their offset: several arrays may share one.
    init(
        _ value: PickleValue, _ arena: PickleArena, _ bytes: RawSpan, latin: inout [UInt32: LatinText]
    ) throws(Failure) {
        switch value {
        // Protocol 2 of Python 2 stores bytes as text.
        case .bytes(let offset, let count), .text(let offset, let count):
            self = .plain(offset: Int(offset), count: Int(count))
        case .node(let node) where arena[node].kind == .object:
            let arguments = arena.items(of: arena[node].arguments, limit: 3)
            // Empty bytes are `bytes()`.
            if arguments.isEmpty, arena.globalName(arena[node].type, bytes)?.name == "bytes" {
                self = .plain(offset: 0, count: 0)
                return
            }
            guard let name = arena.globalName(arena[node].type, bytes), name == ("_codecs", "encode"),
                arguments.count == 2, case .text(let offset, let count) = arguments[0],
                let codec = arena.text(arguments[1], bytes), codec == "latin1"
            else { throw Failure("a NumPy array whose contents are described in an unknown way") }
            if let known = latin[offset], known.range.count == Int(count) {
                self = .latin(known)
                return
            }
            guard let text = LatinText(bytes, Int(offset)..<Int(offset) + Int(count)) else {
                throw Failure("a NumPy array whose contents are not bytes")
            }
            latin[offset] = text
            self = .latin(text)
        default: throw Failure("an array of objects: save it as numbers")
        }
    }

    /// At most eight bytes as a little-endian number.
    fileprivate func little(_ pickle: RawSpan) -> UInt64? {
        guard count <= 8 else { return nil }
        var number: UInt64 = 0
        switch self {
        case .plain(let offset, let count):
            for index in (0..<count).reversed() { number = number << 8 | UInt64(pickle.byte(at: offset + index)) }
        case .latin(let text):
            var shift: UInt64 = 0
            for scalar in pickle.text(text.range).unicodeScalars {
                number |= UInt64(scalar.value) << shift
                shift += 8
            }
        }
        return number
    }

    /// The bytes, and the offset of the first, where the pickle begins at `base` of `source`.
    func source(in source: any ByteSource, at base: Int) -> (source: any ByteSource, start: Int) {
        switch self {
        case .plain(let offset, _): (source, base + offset)
        case .latin(let text): (LatinSource(text, in: source, at: base), 0)
        }
    }
}
