/// What a dataset states of its numbers: those that stand for none, and a linear scale.
///
/// Attributes as netCDF and the Climate and Forecast conventions define them (1.11, sections 2.5.1 and 8.1): `_FillValue`
/// and `missing_value` are stored numbers, and others mean `stored * scale_factor + add_offset`.
struct HDF5Decoding {
    /// As the type of the file has them.
    let nulls: [Double]
    let scale: Double
    let offset: Double

    var isScaled: Bool { scale != 1 || offset != 0 }

    /// - Parameter stored: the type in the file; nil for strings.
    init(_ dataset: HDF5Library.ID, list: HDF5Library.ID, stored: DType?, _ library: HDF5Library) {
        guard let stored else {
            (nulls, scale, offset) = ([], 1, 0)
            return
        }
        func numbers(_ name: String) -> [Double] { library.attributes.numbers(name, of: dataset, library) }
        // Some writers define 0 for every dataset, which is also the library's own: it states nothing.
        let fill = library.attributes.definedFill(list, library).flatMap { $0 == 0 ? nil : $0 }
        nulls = (numbers("_FillValue") + numbers("missing_value") + [fill].compactMap(\.self))
            .map(stored.rounded).filter { !$0.isNaN }
        let (factors, offsets) = (numbers("scale_factor"), numbers("add_offset"))
        scale = factors.count == 1 ? factors[0] : 1
        offset = offsets.count == 1 ? offsets[0] : 0
    }

    /// Decodes float32 or float64 in place; integers are left as they are.
    func apply(to bytes: inout [UInt8], _ dtype: DType) {
        guard !nulls.isEmpty || isScaled else { return }
        switch dtype {
        case .f32: apply(to: &bytes, Float.self)
        case .f64: apply(to: &bytes, Double.self)
        default: return
        }
    }

    private func apply<Number: BinaryFloatingPoint & BitwiseCopyable>(to bytes: inout [UInt8], _ type: Number.Type) {
        let nulls = nulls.map { Number($0) }
        unsafe bytes.withUnsafeMutableBytes { buffer in
            let numbers = unsafe buffer.bindMemory(to: type)
            for index in numbers.indices {
                let number = unsafe numbers[index]
                let decoded =
                    nulls.contains(number) ? .nan : isScaled ? number * Number(scale) + Number(offset) : number
                unsafe numbers[index] = decoded
            }
        }
    }
}
