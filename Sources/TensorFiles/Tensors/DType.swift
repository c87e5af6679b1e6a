/// The element types of the supported formats. Raw values are the names in safetensors.
public enum DType: String, Sendable, CaseIterable {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u64 = "U64"
    case u32 = "U32"
    case u16 = "U16"
    case u8 = "U8"
    case bool = "BOOL"

    /// Bytes of one element.
    public var byteCount: Int {
        switch self {
        case .f64, .i64, .u64: 8
        case .f32, .i32, .u32: 4
        case .f16, .bf16, .i16, .u16: 2
        case .i8, .u8, .bool: 1
        }
    }

    /// The number as elements of the type hold it: rounded to nearest, infinite where it is too large. Integers beyond the
    /// type's range, and fractions, are NaN of an integer type.
    public func rounded(_ value: Double) -> Double {
        switch self {
        case .f64: value
        case .f32: Double(Float(value))
        case .f16: Double(Float16(value))
        case .bf16: Double(Float(brain: HalfPrecision.brain(value)))
        case .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .bool: isExact(value) ? value : .nan
        }
    }

    private func isExact(_ value: Double) -> Bool {
        switch self {
        case .i64: Int64(exactly: value) != nil
        case .i32: Int32(exactly: value) != nil
        case .i16: Int16(exactly: value) != nil
        case .i8: Int8(exactly: value) != nil
        case .u64: UInt64(exactly: value) != nil
        case .u32: UInt32(exactly: value) != nil
        case .u16: UInt16(exactly: value) != nil
        case .u8: UInt8(exactly: value) != nil
        case .bool: value == 0 || value == 1
        case .f64, .f32, .f16, .bf16: true
        }
    }

    /// Whether the type is a floating-point one.
    public var isFloatingPoint: Bool { [.f64, .f32, .f16, .bf16].contains(self) }
}
