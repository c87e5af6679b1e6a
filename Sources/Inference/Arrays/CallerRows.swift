import Platform

/// An array of the caller's, whose rows threads write in any order, each once.
@safe public struct CallerRows: FeatureRows, @unchecked Sendable {
    // Sendable although it holds a pointer: threads write different rows.
    private let base: UnsafeMutablePointer<Float>?
    /// Floats of the array.
    private let count: Int
    private let name: String
    private var rowCount = 0

    /// - Parameters:
    ///   - base: the first of `count` floats, which stay the caller's while they are written; may be NULL without any.
    ///   - name: of the array, for errors.
    /// - Throws: `Failure` for NULL with elements, and for a negative size.
    public init(_ base: UnsafeMutablePointer<Float>?, _ count: Int64, _ name: String) throws(Failure) {
        let array = try unsafe UnsafeMutableBufferPointer(base, count, name)
        unsafe self.base = array.baseAddress
        (self.count, self.name) = (array.count, name)
    }

    /// The same array with the length of its rows.
    /// - Throws: `Failure` where it has another size.
    public func rows(_ rows: Int, of rowCount: Int) throws(Failure) -> CallerRows {
        let (needed, overflow) = rows.multipliedReportingOverflow(by: rowCount)
        guard !overflow, count == needed else {
            throw Failure("\(name): expected an array of \(rows) x \(rowCount) floats, found \(count)")
        }
        var array = self
        array.rowCount = rowCount
        return array
    }

    public func isFinite(_ value: Float) -> Bool { value.isFinite }

    public func write(_ values: Span<Float>, at row: Int) throws(Failure) {
        let (first, overflow) = row.multipliedReportingOverflow(by: rowCount)
        guard !overflow, first >= 0, first <= count - values.count else {
            throw Failure("\(name): expected rows of \(count) floats, found row \(row) and \(values.count) floats")
        }
        unsafe values.withUnsafeBufferPointer { values in
            guard let from = values.baseAddress, let base = unsafe base else { return }
            unsafe (base + first).update(from: from, count: values.count)
        }
    }
}
