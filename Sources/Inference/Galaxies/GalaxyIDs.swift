import Platform
import TensorFiles

/// A file's own galaxy ids: integers or strings.
enum GalaxyIDs: Sendable {
    case integers(TensorView)
    case texts(TextColumn)

    var name: String {
        switch self {
        case .integers(let tensor): tensor.name
        case .texts(let column): column.name
        }
    }

    var shape: [Int] {
        switch self {
        case .integers(let tensor): tensor.shape
        case .texts(let column): [column.count]
        }
    }

    /// The ids of `rows`; integers as their digits.
    func ids(_ rows: Range<Int>) throws(Failure) -> [String] {
        switch self {
        case .integers(let tensor): try tensor.digits(rows: rows)
        case .texts(let column): try column.texts(rows: rows)
        }
    }

    /// Checks shape and type of `count` ids before any is read.
    /// - Throws: `Failure` naming the tensor, what was expected and what was found.
    func check(count: Int, of what: String, in file: String) throws(Failure) {
        if shape != [count], shape != [count, 1] {
            throw Failure(
                file, "\(name): expected object ids of shape [\(count)] for \(count) \(what), found \(shape)")
        }
        if case .integers(let tensor) = self, tensor.dtype.isFloatingPoint || tensor.dtype == .bool {
            throw Failure(
                file,
                "\(name): expected integers, found \(tensor.dtype.rawValue)"
                    + (tensor.isScaled ? ", scaled by the file: store ids without a scale or an offset" : ""))
        }
    }

    /// The ids of all rows.
    func all() throws(Failure) -> [String] {
        let blockSize = 4096
        let count = shape.first ?? 0
        var ids: [String] = []
        for start in stride(from: 0, to: count, by: blockSize) {
            ids += try self.ids(start..<min(start + blockSize, count))
        }
        return ids
    }
}
