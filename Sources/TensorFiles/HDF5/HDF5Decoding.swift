import Platform

/// What a dataset states of its numbers: those that stand for none, and a linear scale.
///
/// Attributes as netCDF and the Climate and Forecast conventions define them (1.11, sections 2.5.1 and 8.1): `_FillValue`
/// and `missing_value` are stored numbers, and others mean `stored * scale_factor + add_offset`.
struct HDF5Decoding {
    /// As the type of the file has them; of integers as float64, which rounds those beyond 2^53.
    let nulls: [Double]
    let scale: Double
    let offset: Double
    /// Whether the dataset states a scale or an offset, also of 1 or 0.
    let isScaled: Bool

    /// - Parameter stored: the type in the file; nil for strings.
    /// - Throws: `Failure` for attributes that change the numbers and are not readable.
    init(
        _ dataset: HDF5Library.ID, list: HDF5Library.ID, stored: DType?, _ library: HDF5Library
    ) throws(Failure) {
        guard let stored else {
            (nulls, scale, offset, isScaled) = ([], 1, 0, false)
            return
        }
        let attributes = library.attributes
        func numbers(_ name: String, most: Int) throws(Failure) -> [Double] {
            let numbers = attributes.numbers(name, of: dataset, library)
            guard (numbers?.count ?? 0) <= most, numbers?.isEmpty != true else {
                throw Failure("its attribute \(name) is not a number: correct or remove it")
            }
            return numbers ?? []
        }
        // netCDF-3 had no unsigned types.
        guard stored.isFloatingPoint || !attributes.has("_Unsigned", dataset) else {
            throw Failure("its attribute _Unsigned is not read: store unsigned integers")
        }
        // Some writers define 0 for every dataset, which is also the library's own: it states nothing.
        let fill = attributes.definedFill(list, library).flatMap { $0 == 0 ? nil : $0 }
        let stated = try numbers("_FillValue", most: 16) + numbers("missing_value", most: 16)
        nulls = (stated + [fill].compactMap(\.self)).map { stored.isFloatingPoint ? stored.rounded($0) : $0 }
            .filter { !$0.isNaN }
        let (factors, offsets) = (try numbers("scale_factor", most: 1), try numbers("add_offset", most: 1))
        (scale, offset) = (factors.first ?? 1, offsets.first ?? 0)
        isScaled = !factors.isEmpty || !offsets.isEmpty
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
