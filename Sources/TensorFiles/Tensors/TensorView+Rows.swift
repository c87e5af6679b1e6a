import Platform

extension TensorView {
    /// The rows of the first axis with these indices, in this order; nil where their number overflows. The indices fit
    /// the tensor's rows.
    func selecting(_ indices: RowIndices) -> TensorView? {
        let whole = self
        let shape = [indices.count] + shape.dropFirst()
        guard RowSource.elements(shape) != nil else { return nil }
        var view = TensorView(name: name, dtype: dtype, shape: shape, rowsOf: source.name) { rows throws(Failure) in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(rows.count * whole.rowCount * whole.dtype.byteCount)
            for run in indices.runs(in: rows, of: whole.rows) {
                bytes += try whole.rowMajorBytes(rows: run)
                if !whole.source.isRemote { whole.release(rows: run) }
            }
            return bytes
        }
        (view.storedAs, view.nulls, view.isScaled) = (storedTypes, nulls, isScaled)
        return view
    }

    /// The rows of tensors one after the other, under the name of the first. Floating-point numbers of several types are
    /// float64. nil where rows have several shapes, or other types differ.
    static func joined(_ parts: [TensorView]) -> TensorView? {
        guard let first = parts.first, let axes = first.shape.isEmpty ? nil : first.shape.dropFirst(),
            parts.allSatisfy({ $0.shape.count == first.shape.count && $0.shape.dropFirst() == axes })
        else { return nil }
        let isUniform = parts.allSatisfy { $0.dtype == first.dtype }
        guard isUniform || parts.allSatisfy(\.dtype.isFloatingPoint) else { return nil }
        var ends: [Int] = []
        for part in parts {
            let (end, overflow) = (ends.last ?? 0).addingReportingOverflow(part.rows)
            guard !overflow else { return nil }
            ends.append(end)
        }
        let shape = [ends.last ?? 0] + axes
        guard RowSource.elements(shape) != nil else { return nil }
        let limits = ends
        var view = TensorView(
            name: first.name, dtype: isUniform ? first.dtype : .f64, shape: shape, rowsOf: first.source.name
        ) { rows throws(Failure) in
            var bytes: [UInt8] = []
            for (part, end) in zip(parts, limits) {
                let own = rows.clamped(to: end - part.rows..<end)
                guard !own.isEmpty else { continue }
                let range = own.lowerBound - (end - part.rows)..<own.upperBound - (end - part.rows)
                bytes += isUniform ? try part.rowMajorBytes(rows: range) : try part.doubleBytes(rows: range)
                if !part.source.isRemote { part.release(rows: range) }
            }
            return bytes
        }
        view.storedAs = parts.flatMap(\.storedTypes)
        return view
    }

    private func doubleBytes(rows: Range<Int>) throws(Failure) -> [UInt8] { Self.bytes(try doubles(rows: rows)) }
}

extension TextColumn {
    /// The strings with these indices, in this order. The indices fit the column's rows.
    func selecting(_ indices: RowIndices) -> TextColumn {
        let whole = self
        return TextColumn(name: name, count: indices.count, file: file) { rows throws(Failure) in
            var texts: [String] = []
            for run in indices.runs(in: rows, of: whole.count) { texts += try whole.texts(rows: run) }
            return texts
        }
    }

    /// The strings of columns one after the other.
    func joined(_ parts: [TextColumn]) -> TextColumn {
        TextColumn(name: name, count: parts.reduce(0) { $0 + $1.count }, file: file) { rows throws(Failure) in
            var texts: [String] = []
            var start = 0
            for part in parts {
                let own = rows.clamped(to: start..<start + part.count)
                if !own.isEmpty { texts += try part.texts(rows: own.lowerBound - start..<own.upperBound - start) }
                start += part.count
            }
            return texts
        }
    }
}
