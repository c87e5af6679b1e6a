@testable import Inference
@testable import Platform
@testable import TensorFiles

/// Calls every operation of an opened file.
enum Reading {
    /// Cutouts of this size, so that small inputs can contain galaxies.
    static let imageShape = [5, 2, 2]

    static func open(_ bytes: [UInt8], checksums: TensorFile.Checksums = .now) {
        Promise.refusal {
            let file = try TensorFile.open(MemorySource(name: "input", bytes: bytes), checksums: checksums)
            Promise.keep(file.byteCount == bytes.count, "the size differs")
            let names = file.tensors.map(\.name) + file.texts.map(\.name)
            Promise.keep(Set(names).count == names.count, "names are not unique: \(names)")
            for view in file.tensors.prefix(64) { read(view) }
            for column in file.texts.prefix(64) { read(column) }
            Promise.refusal { try galaxies(of: file) }
            Promise.refusal { _ = try GalaxyTable(file, layout: .usual) }
            file.release()
            if checksums == .deferred { Promise.refusal { try file.verifyChecksums() } }
        }
    }

    /// The elements of a tensor: all of a small one, the last row of a larger one; at most some thousands.
    static func read(_ view: TensorView) {
        Promise.keep(view.shape.count == view.strides.count, "shape and strides of different ranks")
        Promise.keep(view.shape.allSatisfy { $0 >= 0 } && view.strides.allSatisfy { $0 >= 0 }, "negative lengths")
        guard view.rows > 0, view.rowCount > 0, view.rowCount <= 1 << 14 else { return }
        Promise.refusal {
            let last = view.rows - 1..<view.rows
            let stored = try view.rowMajorBytes(rows: last)
            Promise.keep(stored.count == view.rowCount * view.dtype.byteCount, "a row of \(stored.count) bytes")
            let row = try doubles(view, last)
            view.prefetch(rows: last)
            view.release(rows: last)
            guard view.count <= 1 << 14 else { return }
            let all = try view.doubles()
            Promise.keep(
                all.suffix(view.rowCount).elementsEqual(row) { $0.bitPattern == $1.bitPattern },
                "a row read alone differs from all rows")
            let floats = try view.floats()
            let isWide = !view.dtype.isFloatingPoint
            Promise.keep(
                isWide || zip(floats, all).allSatisfy { $0.isNaN ? $1.isNaN : $0 == Float($1) },
                "float32 differs from rounded float64")
            _ = try view.withContiguousFloats(rows: 0..<view.rows) { span in
                Promise.keep(
                    span.indices.allSatisfy { span[$0].bitPattern == floats[$0].bitPattern }, "the floats differ")
            }
        }
    }

    private static func doubles(_ view: TensorView, _ rows: Range<Int>) throws(Failure) -> [Double] {
        var values = [Double](repeating: 0, count: rows.count * view.rowCount)
        var span = values.mutableSpan
        try view.copyDoubles(rows: rows, into: &span)
        return values
    }

    static func read(_ column: TextColumn) {
        guard column.count > 0 else { return }
        Promise.refusal {
            let last = try column.texts(rows: column.count - 1..<column.count)
            Promise.keep(last.count == 1, "\(last.count) strings for one row")
            guard column.count <= 256 else { return }
            let all = try column.texts(rows: 0..<column.count)
            Promise.keep(
                all.count == column.count && all.last == last.first, "a string read alone differs from all strings")
        }
    }

    private static func galaxies(of file: TensorFile) throws {
        let reader = try PartitionReader(
            file, source: "input", label: "input", imageShape: imageShape, magnitudeCount: 5)
        Promise.keep(reader.count > 0, "no galaxies")
        let last = reader.count - 1..<reader.count
        var buffer: [Float] = []
        try reader.withImages(last, buffer: &buffer) { span in
            Promise.keep(span.count == 20, "the number of pixels differs")
        }
        try reader.readMagnitudes(last, into: &buffer)
        Promise.keep(buffer.count == 5, "the number of magnitudes differs")
        _ = try reader.redshifts(last)
        _ = try reader.objectIDs(last)
        reader.release()
    }
}
