import Platform

/// Memory of the caller, who keeps it unchanged as long as it is used.
@safe private struct CallerMemory: ByteSource, @unchecked Sendable {
    // Sendable although it holds a pointer: the memory is only read.
    let name: String
    let byteCount: Int
    private let base: UnsafeRawPointer

    init(name: String, _ base: UnsafeRawPointer, byteCount: Int) {
        (self.name, self.byteCount) = (name, byteCount)
        unsafe self.base = base
    }

    func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try check(range)
        let bytes = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
        return try unsafe body(bytes.bytes)
    }
}

extension TensorView {
    /// An array in the caller's memory, of which nothing is copied.
    /// - Parameters:
    ///   - byteStrides: bytes from one element to the next along each axis, multiples of an element's.
    ///   - base: the first element; the memory has to stay as it is while the view is used.
    ///   - file: a name for error messages.
    /// - Throws: `Failure` for a length or a stride that is negative or no multiple, and for sizes beyond 63 bits.
    public init(
        _ name: String, _ dtype: DType, shape: [Int], byteStrides: [Int], at base: UnsafeRawPointer, of file: String
    ) throws(Failure) {
        let size = dtype.byteCount
        guard byteStrides.allSatisfy({ $0 >= 0 && $0.isMultiple(of: size) }),
            let measure = TensorLayout.measure(shape: shape, strides: byteStrides.map { $0 / size }),
            case let (bytes, overflow) = measure.extent.multipliedReportingOverflow(by: size), !overflow
        else {
            throw Failure(
                file,
                "\(name): expected strides of 0 or more whole elements of \(size) bytes within 63 bits, found shape \(shape), "
                    + "strides \(byteStrides)")
        }
        self.init(
            name: name, dtype: dtype, shape: shape, strides: byteStrides.map { $0 / size }, byteOffset: 0,
            source: unsafe CallerMemory(name: file, base, byteCount: bytes))
    }
}

extension TensorFile {
    /// Arrays that are in memory, by their names, as a file would hold them.
    public init(name: String, arrays: [TensorView]) {
        self.init(
            name: name, format: .npz, byteCount: arrays.reduce(0) { $0 &+ $1.source.byteCount }, tensors: arrays)
    }
}
