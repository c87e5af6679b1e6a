import Platform
import TensorFiles

/// The weights of Linear layers that have to be read, checked and packed: most of a network's bytes, and independent of
/// each other, so that any number of threads can share the work. Belongs to one thread until `run`.
final class LayerPacking {
    /// A range of one layer's outputs.
    private struct Part: Sendable {
        let key: String
        let weight: TensorView
        let outputs: Range<Int>
        let matrix: PackedMatrix
        /// For each input in our order, its index in the file's.
        let order: [Int]?

        /// Their bytes in the file; nil if they are not contiguous.
        var bytes: Range<Int>? { weight.contiguousByteRange(rows: outputs) }

        func prefetch() { if let bytes { weight.source.prefetch(bytes) } }

        func release() { if let bytes { weight.source.release(bytes) } }
    }

    private var parts: [Part] = []
    private var products: [LinearProduct] = []
    /// Weights of one part: enough to keep a thread busy, few enough that threads finish together.
    private static let partCount = 1 << 16
    /// How many parts ahead of the reader the file is loaded.
    private static let partsAhead = 16

    /// - Parameter weight: [outputs, inputs]
    func add(_ key: String, _ weight: TensorView, into matrix: PackedMatrix, inputsFrom order: [Int]?) {
        let panel = PackedMatrix.panelWidth
        let rows = max(1, Self.partCount / max(1, matrix.inputs) / panel) * panel
        for first in stride(from: 0, to: matrix.outputs, by: rows) {
            parts.append(
                Part(
                    key: key, weight: weight, outputs: first..<min(first + rows, matrix.outputs), matrix: matrix,
                    order: order))
        }
    }

    /// Adds a merged layer, after the layers that it is computed from.
    func add(_ product: LinearProduct) { products.append(product) }

    /// Reads and packs all layers that were added, then computes the merged ones, and releases the file's pages behind
    /// the readers.
    /// - Throws: `Failure` about the first weight, in the order of adding, that is not finite or cannot be read.
    func run(on parallel: ParallelLoop, for checkpoint: Checkpoint) throws(Failure) {
        let (parts, file) = (parts, checkpoint.name)
        try parallel(parts.count) { (index) throws(Failure) in
            if index + Self.partsAhead < parts.count { parts[index + Self.partsAhead].prefetch() }
            let part = parts[index]
            let values: [Float]
            do throws(Failure) {
                if try Self.pack(part) { return }
                values = try part.weight.floats()
            } catch {
                throw Failure(file, error.message)
            }
            try Checkpoint.requireFinite(values, part.key, file: file)
            throw Failure(file, "'\(part.key)' has weights beyond those of bfloat16, at most 3.39e38: use float32")
        }
        let merged = products.flatMap { product in product.parts.map { (product, $0) } }
        try parallel(merged.count) { (index) throws(Failure) in
            let (product, outputs) = merged[index]
            try product.pack(outputs, file: file)
        }
    }

    /// - Returns: whether all of its weights are finite.
    private static func pack(_ part: Part) throws(Failure) -> Bool {
        let (weight, matrix) = (part.weight, part.matrix)
        defer { part.release() }
        if part.order == nil {
            let inPlace = try weight.withContiguousFloats(rows: part.outputs) { (rows) throws(Failure) in
                rows.withUnsafeBufferPointer { matrix.pack($0, outputs: part.outputs) }
            }
            if let inPlace { return inPlace }
        }
        // A panel's rows at a time, so that converted weights are packed while they are in the cache.
        let panel = PackedMatrix.panelWidth
        var rows = [Float](repeating: 0, count: panel * matrix.inputs)
        var ordered = part.order == nil ? [] : rows
        for first in stride(from: part.outputs.lowerBound, to: part.outputs.upperBound, by: panel) {
            let outputs = first..<min(first + panel, part.outputs.upperBound)
            var span = rows.mutableSpan
            try weight.copyFloats(rows: outputs, into: &span)
            if let order = part.order {
                for start in stride(from: 0, to: outputs.count * matrix.inputs, by: matrix.inputs) {
                    for (index, source) in order.enumerated() { ordered[start + index] = rows[start + source] }
                }
            }
            let isFinite = (part.order == nil ? rows : ordered).withUnsafeBufferPointer {
                matrix.pack($0, outputs: outputs)
            }
            guard isFinite else { return false }
        }
        return true
    }
}
