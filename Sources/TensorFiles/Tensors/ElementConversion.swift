import Platform

/// A type that elements are converted to: float32 or float64.
protocol ConvertedElement: BitwiseCopyable, BinaryFloatingPoint {
    init(half bits: UInt16)
    init(brain bits: UInt16)
}

extension Float: ConvertedElement {
    /// Exact: a multiplication corrects the exponent, of subnormal numbers too.
    @inline(__always) init(half bits: UInt16) {
        let magnitude = UInt32(bits & 0x7FFF) << 13
        let sign = UInt32(bits & 0x8000) << 16
        if magnitude >= 0x0F80_0000 {
            self = Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x007F_FFFF))
        } else {
            let scaled = Float(bitPattern: magnitude) * Float(bitPattern: 0x7780_0000)
            self = Float(bitPattern: scaled.bitPattern | sign)
        }
    }

    @inline(__always) init(brain bits: UInt16) { self = Float(bitPattern: UInt32(bits) << 16) }
}

extension Double: ConvertedElement {
    @inline(__always) init(half bits: UInt16) { self = Double(Float(half: bits)) }
    @inline(__always) init(brain bits: UInt16) { self = Double(Float(brain: bits)) }
}

extension TensorLayout {
    /// Converts the elements in `bytes`, which begin with the first of the rows, into `out` in row-major order.
    func copy<Element: ConvertedElement>(
        _ bytes: RawSpan, _ dtype: DType, into out: UnsafeMutableBufferPointer<Element>
    ) {
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress, let to = out.baseAddress else { return }
            switch dtype {
            case .f64: unsafe walk(from, to) { (value: Double) in Element(value) }
            case .f32: unsafe walk(from, to) { (value: Float) in Element(value) }
            case .f16: unsafe walk(from, to) { (bits: UInt16) in Element(half: bits) }
            case .bf16: unsafe walk(from, to) { (bits: UInt16) in Element(brain: bits) }
            case .i64: unsafe walk(from, to) { (value: Int64) in Element(value) }
            case .i32: unsafe walk(from, to) { (value: Int32) in Element(value) }
            case .i16: unsafe walk(from, to) { (value: Int16) in Element(value) }
            case .i8: unsafe walk(from, to) { (value: Int8) in Element(value) }
            case .u64: unsafe walk(from, to) { (value: UInt64) in Element(value) }
            case .u32: unsafe walk(from, to) { (value: UInt32) in Element(value) }
            case .u16: unsafe walk(from, to) { (value: UInt16) in Element(value) }
            case .u8: unsafe walk(from, to) { (value: UInt8) in Element(value) }
            case .bool: unsafe walk(from, to) { (value: UInt8) in value == 0 ? 0 : 1 }
            }
        }
    }

    /// Copies the elements, of `size` bytes each, unchanged.
    func copyRaw(_ bytes: RawSpan, size: Int, into out: UnsafeMutableRawBufferPointer) {
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress, let to = out.baseAddress else { return }
            switch size {
            case 8: unsafe walk(from, to.assumingMemoryBound(to: UInt64.self)) { (bits: UInt64) in bits }
            case 4: unsafe walk(from, to.assumingMemoryBound(to: UInt32.self)) { (bits: UInt32) in bits }
            case 2: unsafe walk(from, to.assumingMemoryBound(to: UInt16.self)) { (bits: UInt16) in bits }
            default: unsafe walk(from, to.assumingMemoryBound(to: UInt8.self)) { (bits: UInt8) in bits }
            }
        }
    }

    @inline(__always) private func walk<Stored: BitwiseCopyable, Element: BitwiseCopyable>(
        _ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Element>, _ convert: (Stored) -> Element
    ) {
        let size = MemoryLayout<Stored>.stride
        let inner = axes[axes.count - 1]
        let step = inner.stride * size
        var index = [Int](repeating: 0, count: axes.count)
        var offset = 0
        var target = unsafe to
        while true {
            if inner.stride == 1, Stored.self == Element.self {
                unsafe UnsafeMutableRawPointer(target).copyMemory(from: from + offset, byteCount: inner.count * size)
            } else if inner.stride == 1 {
                for i in 0..<inner.count {
                    unsafe target[i] = convert((from + offset + i * size).loadUnaligned(as: Stored.self))
                }
            } else {
                for i in 0..<inner.count {
                    unsafe target[i] = convert((from + offset + i * step).loadUnaligned(as: Stored.self))
                }
            }
            unsafe target += inner.count
            // Advance to the next line of the innermost axis.
            var axis = axes.count - 2
            while axis >= 0 {
                index[axis] += 1
                offset += axes[axis].stride * size
                if index[axis] < axes[axis].count { break }
                offset -= axes[axis].count * axes[axis].stride * size
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}

extension RawSpan {
    /// Calls `body` with the bytes as floats; nil when they are not aligned for floats.
    func withAlignedFloats<Result>(_ body: (Span<Float>) throws(Failure) -> Result) throws(Failure) -> Result? {
        try unsafe withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(Failure) -> Result? in
            guard Int(bitPattern: buffer.baseAddress) % MemoryLayout<Float>.alignment == 0 else { return nil }
            let floats = unsafe buffer.assumingMemoryBound(to: Float.self)
            return try unsafe body(floats.span)
        }
    }
}
