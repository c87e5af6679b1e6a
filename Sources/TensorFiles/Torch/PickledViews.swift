import Platform

/// The tensors and columns of strings of a pickled object, with their bytes located.
struct PickledViews {
    let file: String
    let byteCount: Int
    /// The source that has the pickle, and the pickle's offset in it.
    let pickle: (source: any ByteSource, base: Int)
    private var tensors: [TensorView] = []
    private var texts: [TextColumn] = []
    private var refusals: [String: String] = [:]

    init(file: String, byteCount: Int, pickle: (source: any ByteSource, base: Int)) {
        (self.file, self.byteCount, self.pickle) = (file, byteCount, pickle)
    }

    private typealias Locate = (PickledTensor) throws(Failure) -> TensorView

    private enum Contents {
        case numbers(TensorView)
        case texts(TextColumn)
        case refused(String)
    }

    /// - Parameter locate: the view of a tensor in its storage.
    /// - Throws: `Failure` where a tensor reaches beyond its storage.
    mutating func add(
        _ object: PickleFlattener, _ locate: (PickledTensor) throws(Failure) -> TensorView
    ) throws(Failure) {
        refusals = object.refusals
        for item in object.items {
            switch try contents(item.rows, item.name, locate) {
            case .numbers(let tensor): tensors.append(tensor)
            case .texts(let column): texts.append(column)
            case .refused(let reason): refusals[item.name] = reason
            }
        }
    }

    func file(_ format: TensorFile.Format, _ object: PickleFlattener) -> TensorFile {
        TensorFile(
            name: file, format: format, byteCount: byteCount, tensors: tensors, texts: texts, refusals: refusals,
            classes: object.classes, attributes: object.attributes, modules: object.modules)
    }

    private func contents(_ rows: PickledRows, _ name: String, _ locate: Locate) throws(Failure) -> Contents {
        switch rows {
        case .tensor(let tensor): return .numbers(try locate(tensor))
        case .array(let array): return contents(array, name)
        case .subset(let rows, let indices):
            let all = try contents(rows, name, locate)
            guard let indices = try self.indices(indices, locate) else {
                return .refused("is a part of a Subset whose indices are not whole numbers")
            }
            return subset(all, indices)
        case .joined(let parts):
            var tensors: [TensorView] = []
            var texts: [TextColumn] = []
            for part in parts {
                switch try contents(part, name, locate) {
                case .numbers(let tensor): tensors.append(tensor)
                case .texts(let column): texts.append(column)
                case .refused(let reason): return .refused(reason)
                }
            }
            return joined(tensors, texts)
        }
    }

    private func contents(_ array: PickledArray, _ name: String) -> Contents {
        let (source, start) = array.data.source(in: pickle.source, at: pickle.base)
        guard let size = array.element.byteCount else { return .refused("is an array of objects") }
        let found = NumPyArray(
            name: name, shape: array.shape, strides: array.strides, isColumnMajor: false, source: source, start: start
        ).contents(array.element, size)
        if let tensor = found.tensors.first { return .numbers(tensor) }
        if let column = found.texts.first { return .texts(column) }
        return .refused(found.refusals[name] ?? "is not read")
    }

    /// nil where they are not integers.
    private func indices(_ indices: PickledIndices, _ locate: Locate) throws(Failure) -> [Int]? {
        switch indices {
        case .listed(let numbers): return numbers
        case .elements(let rows):
            guard case .numbers(let tensor) = try contents(rows, "indices", locate), tensor.shape.count == 1,
                tensor.count <= byteCount, !tensor.dtype.isFloatingPoint, tensor.dtype != .bool
            else { return nil }
            // Beyond 2^53 a double does not have every integer, and no file that many rows.
            return try tensor.doubles().map { abs($0) < 0x1p53 ? Int($0) : Int.min }
        }
    }

    private func subset(_ all: Contents, _ indices: [Int]) -> Contents {
        func counted(_ count: Int) -> [Int]? {
            var rows: [Int] = []
            rows.reserveCapacity(indices.count)
            for index in indices {
                guard index >= -count, index < count else { return nil }
                rows.append(index < 0 ? index + count : index)
            }
            return rows
        }
        switch all {
        case .numbers(let tensor):
            guard !tensor.shape.isEmpty, let rows = counted(tensor.rows), let view = tensor.selecting(rows) else {
                return .refused("has shape \(tensor.shape), and is a part of a Subset with an index beyond its rows")
            }
            return .numbers(view)
        case .texts(let column):
            guard let rows = counted(column.count) else {
                return .refused("has \(column.count) rows, and is a part of a Subset with an index beyond them")
            }
            return .texts(column.selecting(rows))
        case .refused: return all
        }
    }

    private func joined(_ tensors: [TensorView], _ texts: [TextColumn]) -> Contents {
        if tensors.isEmpty, let first = texts.first {
            let count = texts.reduce(0) { $0 + $1.count }
            return count <= byteCount ? .texts(first.joined(texts)) : .refused("has \(count) rows")
        }
        guard texts.isEmpty, let whole = TensorView.joined(tensors), whole.rows <= byteCount else {
            return .refused("is a part of a ConcatDataset whose datasets have other types or shapes of rows")
        }
        return .numbers(whole)
    }
}
