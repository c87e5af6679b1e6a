import Platform

/// A tensor as a pickle describes it: its layout and the key of the storage with its elements.
struct PickledTensor {
    let name: String
    let storage: PickledStorage
    /// Elements from the storage's first to the tensor's.
    let offset: Int
    let shape: [Int]
    let strides: [Int]

    /// Limit on the elements of a view whose elements overlap (an expanded one), which takes more memory than its storage
    /// when it is copied.
    private static let maximumExpanded = 1 << 20
    private static let maximumRank = 64

    /// Reads the arguments of the rebuilding function.
    init(name: String, node: Int32, arena: PickleArena, bytes: RawSpan, file: String, part: String) throws(Failure) {
        func failure(_ what: String) -> Failure { Failure(file, "\(part): tensor \(name.quoted): \(what)") }
        let arguments = arena.items(of: arena[node].arguments, limit: 8)
        guard arguments.count >= 4, case .node(let storage) = arguments[0], arena[storage].kind == .storage,
            case .int(let offset) = arguments[1], offset >= 0
        else { throw failure("storage and offset are missing or of the wrong type") }
        guard let shape = arena.integers(arguments[2], limit: Self.maximumRank),
            let strides = arena.integers(arguments[3], limit: Self.maximumRank), shape.count == strides.count
        else { throw failure("shape and strides are not integers within bounds, one per axis") }

        let found = try PickledStorage(node: storage, arena: arena, bytes: bytes) { failure($0) }
        let elements = found.count
        let (first, overflow) = offset.addingReportingOverflow(found.viewOffset)
        guard !overflow, let size = TensorLayout.measure(shape: shape, strides: strides) else {
            throw failure("shape \(shape) with strides \(strides) is negative or overflows")
        }
        if size.count > 0 {
            let (end, overflow) = first.addingReportingOverflow(size.extent)
            guard !overflow, end <= elements else {
                throw failure(
                    "shape \(shape), strides \(strides) and offset \(first) reach beyond the \(elements) elements "
                        + "of storage \(found.key.quoted)")
            }
        }
        self.name = name
        self.storage = found
        self.offset = size.count > 0 ? first : 0
        self.shape = shape
        // Along an axis of one element any stride is valid, however large, since it is never used.
        self.strides = zip(shape, strides).map { $0 > 1 ? $1 : 1 }
    }

    /// Why a tensor is not read, although it is not damaged: its type, or how it is stored. nil for others.
    static func refusal(node: Int32, arena: PickleArena, bytes: RawSpan) -> String? {
        let arguments = arena.items(of: arena[node].arguments, limit: 8)
        if arena.globalName(arena[node].type, bytes)?.name == "_rebuild_tensor_v3" {
            var type = "unknown"
            if arguments.count > 6, case .node(let global) = arguments[6], let found = arena.globalName(global, bytes) {
                type = "\(found.module).\(found.name)"
            }
            return "its type \(type.quoted) is not supported"
        }
        if arguments.count > 6, case .node(let metadata) = arguments[6], arena[metadata].count > 0 {
            return "is a lazily negated or conjugated view: save it resolved (resolve_neg, resolve_conj)"
        }
        guard case .node(let storage)? = arguments.first, arena[storage].kind == .storage,
            let found = try? PickledStorage(node: storage, arena: arena, bytes: bytes, failure: { Failure($0) })
        else { return nil }
        if found.dtype == nil { return "storage type \(found.typeName.quoted) is not supported" }
        guard arguments.count > 3, let shape = arena.integers(arguments[2], limit: maximumRank),
            let strides = arena.integers(arguments[3], limit: maximumRank), shape.count == strides.count,
            let size = TensorLayout.measure(shape: shape, strides: strides),
            size.count > max(found.count, maximumExpanded)
        else { return nil }
        return "expands \(found.count) elements to \(size.count): save it contiguous"
    }

    /// The tensor, with its storage in `range` of `source`.
    func view(in source: any ByteSource, _ range: Range<Int>, file: String) throws(Failure) -> TensorView {
        guard let dtype = storage.dtype else {
            throw Failure(file, "tensor \(name.quoted): storage type \(storage.typeName.quoted) is not supported")
        }
        let (needed, overflow) = storage.count.multipliedReportingOverflow(by: dtype.byteCount)
        guard !overflow, needed <= range.count else {
            throw Failure(
                file,
                "tensor \(name.quoted): storage \(storage.key.quoted) has \(range.count) bytes, "
                    + "needs \(storage.count) elements of \(dtype.rawValue)")
        }
        return TensorView(
            name: name, dtype: dtype, shape: shape, strides: strides,
            byteOffset: range.lowerBound + offset * dtype.byteCount, source: source)
    }
}

/// A storage as its persistent id describes it.
struct PickledStorage {
    let key: String
    /// Module and name of its class.
    let typeName: String
    /// nil for elements that are not read.
    let dtype: DType?
    /// Bytes of an element; nil where the class is unknown.
    let elementSize: Int?
    /// Declared number of elements.
    let count: Int
    /// Offset in elements of the view that a tensor of the older container uses.
    let viewOffset: Int

    /// Reads ('storage', class, key, location, elements[, (key of a view, its offset, its elements)]).
    init(node: Int32, arena: PickleArena, bytes: RawSpan, failure: (String) -> Failure) throws(Failure) {
        let id = arena.items(of: arena[node].arguments, limit: 6)
        guard id.count >= 5, case .node(let type) = id[1], let className = arena.globalName(type, bytes),
            let key = arena.text(id[2], bytes), case .int(let count) = id[4], count >= 0
        else { throw failure("its storage is described in an unknown way") }
        typeName = "\(className.module).\(className.name)"
        dtype = Self.dtype(of: className)
        elementSize = dtype?.byteCount ?? Self.otherSizes[className.name]
        var viewOffset = 0
        if id.count == 6, case .node(let view) = id[5] {
            let parts = arena.items(of: view, limit: 3)
            guard parts.count == 3, case .int(let start) = parts[1], start >= 0, case .int(let length) = parts[2],
                length >= 0, start <= count, length <= count - start
            else { throw failure("its storage is an impossible view of another") }
            viewOffset = start
        }
        (self.key, self.count, self.viewOffset) = (key, count, viewOffset)
    }

    private static func dtype(of type: (module: String, name: String)) -> DType? {
        guard type.module == "torch" || type.module.hasPrefix("torch.") else { return nil }
        return storages[type.name]
    }

    private static let storages: [String: DType] = [
        "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16,
        "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8,
        "BoolStorage": .bool,
    ]
    /// Bytes of elements that are not read.
    private static let otherSizes = [
        "ComplexDoubleStorage": 16, "ComplexFloatStorage": 8, "QInt32Storage": 4, "QInt8Storage": 1,
        "QUInt8Storage": 1, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1, "UntypedStorage": 1,
    ]
}
