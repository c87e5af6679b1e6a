import CKernels
import Platform
import PortableKernels

/// The weights of a Linear layer or a convolution, laid out once for the kernels: y = W x + b.
struct PackedMatrix: Sendable {
    /// The operation that a profile counts its matrix products as.
    let operation: NetworkOperation
    let outputs: Int
    let inputs: Int
    /// ceil(outputs/16) panels of [inputs, 16]; zero beyond `outputs`. In bf16 panels of [ceil(inputs/2), 16] pairs of inputs,
    /// each in the four bytes of a float.
    let panels: FloatBuffer
    /// Padded to whole panels.
    let bias: FloatBuffer
    /// [outputs, inputs] as OpenBLAS reads it; the panels are empty then.
    let dense: FloatBuffer?
    /// Of the panels.
    let precision: Precision

    static let panelWidth = Int(CAI_PANEL)

    /// A matrix whose weights are still to be packed.
    /// - Parameters:
    ///   - dense: whether OpenBLAS multiplies the matrix instead of the packed kernels.
    ///   - precision: of a matrix that is not dense.
    ///   - arena: provides the memory of the weights.
    init(
        _ operation: NetworkOperation, bias: [Float], inputs: Int, dense: Bool, precision: Precision = .float32,
        arena: FloatArena? = nil
    ) throws(Failure) {
        self.operation = operation
        self.precision = precision
        outputs = bias.count
        self.inputs = inputs
        let padded = (outputs + Self.panelWidth - 1) / Self.panelWidth * Self.panelWidth
        self.bias = try FloatBuffer(count: padded)
        for (index, value) in bias.enumerated() { self.bias.base[index] = value }
        let lines = precision == .bf16 ? Kernels.pairs(inputs) : inputs
        panels = try FloatBuffer(count: dense ? 0 : padded * lines, in: arena)
        self.dense = dense ? try FloatBuffer(count: outputs * inputs, in: arena) : nil
    }

    /// - Parameter weight: [outputs, inputs], finite.
    init(
        _ operation: NetworkOperation, weight: [Float], bias: [Float], inputs: Int, dense: Bool,
        precision: Precision = .float32
    ) throws(Failure) {
        try self.init(operation, bias: bias, inputs: inputs, dense: dense, precision: precision)
        let outputs = outputs
        _ = weight.withUnsafeBufferPointer { pack($0, outputs: 0..<outputs) }
    }

    /// Packs the weights of some outputs, which no thread may read meanwhile. Several threads may pack outputs of
    /// different panels at once.
    /// - Parameter rows: at least [outputs, inputs], row-major.
    /// - Returns: whether all of them are finite, as they are packed.
    func pack(_ rows: UnsafeBufferPointer<Float>, outputs: Range<Int>) -> Bool {
        guard let rows = rows.baseAddress, inputs > 0 else { return true }
        if let dense {
            let count = outputs.count * inputs
            dense.base.advanced(by: outputs.lowerBound * inputs).update(from: rows, count: count)
            return (0..<count).allSatisfy { rows[$0].isFinite }
        }
        if precision == .bf16 { return packPairs(rows, outputs) }
        // x - x is zero for finite x and NaN otherwise, so one sum shows whether all are finite.
        var probe = SIMD4<Float>.zero
        var output = outputs.lowerBound
        while output < outputs.upperBound {
            let row = rows + (output - outputs.lowerBound) * inputs
            let column = panels.base + output / Self.panelWidth * Self.panelWidth * inputs + output % Self.panelWidth
            if output % 4 == 0, outputs.upperBound - output >= 4 {
                Self.transpose4(row, inputs, into: column, &probe)
                output += 4
            } else {
                for k in 0..<inputs {
                    column[k * Self.panelWidth] = row[k]
                    probe[0] += row[k] - row[k]
                }
                output += 1
            }
        }
        return probe.sum() == 0
    }

    private func packPairs(_ rows: UnsafePointer<Float>, _ outputs: Range<Int>) -> Bool {
        let lines = Kernels.pairs(inputs)
        var isFinite = true
        for output in outputs {
            let row = rows + (output - outputs.lowerBound) * inputs
            let column = panels.base + output / Self.panelWidth * Self.panelWidth * lines + output % Self.panelWidth
            for line in 0..<lines {
                let pair = Bfloat16.pair(row[2 * line], 2 * line + 1 < inputs ? row[2 * line + 1] : 0)
                column[line * Self.panelWidth] = pair
                // An exponent of ones is infinity or NaN.
                let bits = pair.bitPattern
                if bits & 0x7f80_0000 == 0x7f80_0000 || bits & 0x7f80 == 0x7f80 { isFinite = false }
            }
        }
        return isFinite
    }

    /// Four rows of `count` floats into four neighbouring columns of a panel, in blocks of 4 x 4: both sides are then
    /// read and written in whole vectors.
    private static func transpose4(
        _ rows: UnsafePointer<Float>, _ count: Int, into column: UnsafeMutablePointer<Float>,
        _ probe: inout SIMD4<Float>
    ) {
        let (row0, row1, row2, row3) = (rows, rows + count, rows + 2 * count, rows + 3 * count)
        var k = 0
        while k + 4 <= count {
            let a = UnsafeRawPointer(row0 + k).loadUnaligned(as: SIMD4<Float>.self)
            let b = UnsafeRawPointer(row1 + k).loadUnaligned(as: SIMD4<Float>.self)
            let c = UnsafeRawPointer(row2 + k).loadUnaligned(as: SIMD4<Float>.self)
            let d = UnsafeRawPointer(row3 + k).loadUnaligned(as: SIMD4<Float>.self)
            probe += ((a - a) + (b - b)) + ((c - c) + (d - d))
            let target = UnsafeMutableRawPointer(column + k * panelWidth)
            let step = panelWidth * MemoryLayout<Float>.stride
            target.storeBytes(of: SIMD4(a[0], b[0], c[0], d[0]), as: SIMD4<Float>.self)
            (target + step).storeBytes(of: SIMD4(a[1], b[1], c[1], d[1]), as: SIMD4<Float>.self)
            (target + 2 * step).storeBytes(of: SIMD4(a[2], b[2], c[2], d[2]), as: SIMD4<Float>.self)
            (target + 3 * step).storeBytes(of: SIMD4(a[3], b[3], c[3], d[3]), as: SIMD4<Float>.self)
            k += 4
        }
        while k < count {
            let values = SIMD4(row0[k], row1[k], row2[k], row3[k])
            probe += values - values
            UnsafeMutableRawPointer(column + k * panelWidth).storeBytes(of: values, as: SIMD4<Float>.self)
            k += 1
        }
    }
}

/// A convolution's or Linear layer's weights before packing, float32 as the file gives them (or folded).
struct DenseWeights {
    /// [outputs, inputs, kernel, kernel] flattened; a Linear layer has kernel 1.
    var weight: [Float]
    var bias: [Float]
    let inputs: Int
    let kernel: Int
    let operation: NetworkOperation

    var outputs: Int { bias.count }

    /// Reorders the inputs from (channel, row, column) to (row, column, channel), as channels-last maps are read.
    func channelsLast() -> DenseWeights {
        guard kernel > 1 else { return self }
        let taps = kernel * kernel
        var copy = self
        for output in 0..<outputs {
            let start = output * inputs * taps
            for channel in 0..<inputs {
                for tap in 0..<taps {
                    copy.weight[start + tap * inputs + channel] = weight[start + channel * taps + tap]
                }
            }
        }
        return copy
    }

    func packed(dense: Bool = false) throws(Failure) -> PackedMatrix {
        try PackedMatrix(operation, weight: weight, bias: bias, inputs: inputs * kernel * kernel, dense: dense)
    }
}

/// Scale and shift of a layer normalisation over `width` channels.
struct LayerNorm: Sendable {
    let gamma: FloatBuffer
    let beta: FloatBuffer
    let eps: Float
    var width: Int { gamma.count }

    init(gamma: [Float], beta: [Float], eps: Double) throws(Failure) {
        self.gamma = try FloatBuffer(count: gamma.count)
        self.beta = try FloatBuffer(count: beta.count)
        for (index, value) in gamma.enumerated() { self.gamma.base[index] = value }
        for (index, value) in beta.enumerated() { self.beta.base[index] = value }
        self.eps = Float(eps)
    }
}

/// A Linear layer of so few inputs that sums in float64 cost nothing: y = W x + b.
struct NarrowLinear: Sendable {
    /// The operation that a profile counts it as.
    let operation: NetworkOperation
    let inputs: Int
    let outputs: Int
    /// [inputs, outputs]
    let weight: FloatBuffer
    let bias: FloatBuffer

    /// - Parameter weight: [outputs, inputs]
    init(_ operation: NetworkOperation, weight: [Float], bias: [Float], inputs: Int) throws(Failure) {
        self.operation = operation
        (self.inputs, outputs) = (inputs, bias.count)
        self.weight = try FloatBuffer(count: weight.count)
        self.bias = try FloatBuffer(count: bias.count)
        for (index, value) in bias.enumerated() { self.bias.base[index] = value }
        for (index, value) in weight.enumerated() {
            self.weight.base[index % inputs * outputs + index / inputs] = value
        }
    }
}
