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
    private var warnings: [String] = []
    private var indexLists: [PickledIndices] = []
    /// By their numbers, those that were read; nil for some that are not whole numbers.
    private var readIndices: [Int: RowIndices?] = [:]
    /// Indices in tensors and arrays so far. A few bytes can describe tensors of many elements.
    private var indexCount = 0

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
        (refusals, indexLists) = (object.refusals, object.indexLists)
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
            warnings: warnings, classes: object.classes, attributes: object.attributes, modules: object.modules)
    }

    private mutating func contents(_ rows: PickledRows, _ name: String, _ locate: Locate) throws(Failure) -> Contents {
        switch rows {
        case .tensor(let tensor): return .numbers(try locate(tensor))
        case .array(let array): return contents(array, name)
        case .subset(let rows, let number):
            let all = try contents(rows, name, locate)
            guard let indices = try indices(number, locate) else {
                return .refused("is a part of a Subset whose indices are not whole numbers")
            }
            return subset(all, indices)
        case .joined(let parts): return try joined(parts, name, locate)
        case .absent: return .refused("is not in a dataset of a ConcatDataset")
        }
    }

    private mutating func joined(
        _ parts: [PickledRows], _ name: String, _ locate: Locate
    ) throws(Failure) -> Contents {
        var tensors: [TensorView] = []
        var texts: [TextColumn] = []
        var absent: [Int] = []
        for (index, part) in parts.enumerated() {
            var rows = part
            if case .absent(let other) = part {
                absent.append(index)
                rows = other
            }
            switch try contents(rows, name, locate) {
            case .numbers(let tensor): tensors.append(tensor)
            case .texts(let column): texts.append(column)
            case .refused(let reason): return .refused(reason)
            }
        }
        guard !absent.isEmpty else { return joined(tensors, texts) }
        let numbers = absent.prefix(8).map(String.init).joined(separator: ", ") + (absent.count > 8 ? ", ..." : "")
        let which = "\(absent.count) of the \(parts.count) datasets of a ConcatDataset (\(numbers), counted from 0)"
        let present = tensors.indices.filter { !absent.contains($0) }.map { tensors[$0] }
        guard texts.isEmpty, let first = present.first,
            present.allSatisfy({ $0.dtype.isFloatingPoint && $0.rowCount == 1 && !$0.shape.isEmpty })
        else { return .refused("is not in \(which)") }
        for index in absent {
            let shape = [tensors[index].rows] + first.shape.dropFirst()
            tensors[index] = .doubles(name, shape: shape, of: file, storedAs: first.storedTypes) { rows in
                [Double](repeating: .nan, count: rows.count)
            }
        }
        warnings.append("\(name): is not in \(which): it is NaN in their rows")
        return joined(tensors, texts)
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
    private mutating func indices(_ number: Int, _ locate: Locate) throws(Failure) -> RowIndices? {
        if let known = readIndices[number] { return known }
        let found = try read(indexLists[number], locate)
        readIndices[number] = .some(found)
        return found
    }

    private mutating func read(_ indices: PickledIndices, _ locate: Locate) throws(Failure) -> RowIndices? {
        switch indices {
        case .listed(let numbers): return numbers
        case .elements(let rows):
            guard case .numbers(let tensor) = try contents(rows, "indices", locate), tensor.shape.count == 1,
                !tensor.dtype.isFloatingPoint, tensor.dtype != .bool
            else { return nil }
            indexCount = indexCount.cappedSum(tensor.count)
            guard indexCount <= max(1024, byteCount / 2) else {
                throw Failure(
                    file, "has \(indexCount) indices of Subsets in \(byteCount) bytes: at most half as many are read")
            }
            var numbers: [Int] = []
            numbers.reserveCapacity(tensor.count)
            for start in stride(from: 0, to: tensor.count, by: 65_536) {
                // Beyond 2^53 a double does not have every integer, and no file that many rows.
                numbers += try tensor.doubles(rows: start..<min(start + 65_536, tensor.count)).map {
                    abs($0) < 0x1p53 ? Int($0) : Int.min
                }
            }
            return RowIndices(numbers)
        }
    }

    private func subset(_ all: Contents, _ indices: RowIndices) -> Contents {
        switch all {
        case .numbers(let tensor):
            guard !tensor.shape.isEmpty, indices.fit(tensor.rows), let view = tensor.selecting(indices) else {
                return .refused("has shape \(tensor.shape), and is a part of a Subset with an index beyond its rows")
            }
            return .numbers(view)
        case .texts(let column):
            guard indices.fit(column.count) else {
                return .refused("has \(column.count) rows, and is a part of a Subset with an index beyond them")
            }
            return .texts(column.selecting(indices))
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
