import CKernels
import Foundation
import Testing

/// Grouped weights in PyTorch's layout: expand [groups*hidden, 4], reduce [groups*4, hidden].
private struct Quads {
    let rows = 5, groups: Int, hidden: Int
    let x: [Float], expand: [Float], expandBias: [Float], reduce: [Float], reduceBias: [Float]
    /// Rows of x are in reverse order, seven floats apart.
    var offsets: [Int32] { (0..<rows).map { Int32((rows - 1 - $0) * (groups * 4 + 7)) } }

    init(groups: Int, hidden: Int) {
        (self.groups, self.hidden) = (groups, hidden)
        var noise = Noise(UInt64(groups * hidden))
        x = noise.values(8 * (groups * 4 + 7)).map { $0 * 3 }
        expand = noise.values(groups * hidden * 4)
        expandBias = noise.values(groups * hidden)
        reduce = noise.values(groups * 4 * hidden)
        reduceBias = noise.values(groups * 4)
    }

    func run(_ kernels: cai_kernels) -> [Float] {
        var packedExpand = [Float](repeating: .nan, count: expand.count)
        var packedReduce = packedExpand
        var packedExpandBias = [Float](repeating: .nan, count: expandBias.count)
        var packedReduceBias = [Float](repeating: .nan, count: reduceBias.count)
        for group in 0..<groups {
            for unit in 0..<hidden {
                packedExpandBias[unit * groups + group] = expandBias[group * hidden + unit]
                for channel in 0..<4 {
                    let index = (unit * 4 + channel) * groups + group
                    packedExpand[index] = expand[(group * hidden + unit) * 4 + channel]
                    packedReduce[index] = reduce[(group * 4 + channel) * hidden + unit]
                }
            }
            for channel in 0..<4 { packedReduceBias[channel * groups + group] = reduceBias[group * 4 + channel] }
        }
        var out = [Float](repeating: .nan, count: rows * groups * 4)
        var call = cai_quad_convolution()
        (call.rows, call.groups, call.hidden) = (rows, groups, hidden)
        let offsets = offsets
        x.withUnsafeBufferPointer { x in
            offsets.withUnsafeBufferPointer { offsets in
                packedExpand.withUnsafeBufferPointer { expand in
                    packedExpandBias.withUnsafeBufferPointer { expandBias in
                        packedReduce.withUnsafeBufferPointer { reduce in
                            packedReduceBias.withUnsafeBufferPointer { reduceBias in
                                out.withUnsafeMutableBufferPointer { out in
                                    (call.x, call.x_rows) = (x.baseAddress, offsets.baseAddress)
                                    (call.expand, call.expand_bias) = (expand.baseAddress, expandBias.baseAddress)
                                    (call.reduce, call.reduce_bias) = (reduce.baseAddress, reduceBias.baseAddress)
                                    call.out = out.baseAddress
                                    kernels.quad_convolution(&call)
                                }
                            }
                        }
                    }
                }
            }
        }
        return out
    }

    /// The same in float64, and the tolerance of float32: as for a matrix product, twice, with SiLU's slope of
    /// at most 1.1 between them.
    func reference(row: Int, output: Int) -> (value: Double, tolerance: Double) {
        let group = output / 4
        let start = Int(offsets[row]) + group * 4
        var (sum, magnitude) = (Double(reduceBias[output]), abs(Double(reduceBias[output])))
        var carried = 0.0
        for unit in 0..<hidden {
            var (inner, innerMagnitude) = (Double(expandBias[group * hidden + unit]), 1.0)
            for channel in 0..<4 {
                let term = Double(x[start + channel]) * Double(expand[(group * hidden + unit) * 4 + channel])
                inner += term
                innerMagnitude += abs(term)
            }
            let weight = Double(reduce[output * hidden + unit])
            sum += weight * inner / (1 + exp(-inner))
            magnitude += abs(weight * inner)
            carried += abs(weight) * 1.1 * 10 * unitRoundoff * innerMagnitude
        }
        return (sum, carried + (2 * Double(hidden) + 8) * unitRoundoff * magnitude)
    }
}

@Suite("Quad convolution") struct QuadConvolutionTests {
    @Test(
        "The quad convolution agrees with float64", arguments: KernelTable.available,
        [(16, 1), (32, 4), (48, 16), (80, 7)])
    func matchesFloat64(table: KernelTable, shape: (groups: Int, hidden: Int)) throws {
        let quads = Quads(groups: shape.groups, hidden: shape.hidden)
        let result = quads.run(try table.kernels)
        for index in result.indices {
            let width = quads.groups * 4
            let expected = quads.reference(row: index / width, output: index % width)
            #expect(abs(Double(result[index]) - expected.value) <= expected.tolerance)
        }
    }

    @Test("The quad convolution has the bits of two matrix products a group", arguments: KernelTable.available)
    func sameBitsAsProducts(table: KernelTable) throws {
        let kernels = try table.kernels
        let quads = Quads(groups: 16, hidden: 16)
        let result = quads.run(kernels)
        for group in 0..<quads.groups {
            for row in 0..<quads.rows {
                let start = Int(quads.offsets[row]) + group * 4
                let hidden = product(
                    kernels, Array(quads.x[start..<start + 4]),
                    Array(quads.expand[group * 64..<(group + 1) * 64]),
                    Array(quads.expandBias[group * 16..<(group + 1) * 16]), CAI_SILU)
                let out = product(
                    kernels, hidden, Array(quads.reduce[group * 64..<(group + 1) * 64]),
                    Array(quads.reduceBias[group * 4..<(group + 1) * 4]), CAI_STORE)
                let first = row * quads.groups * 4 + group * 4
                #expect(out == Array(result[first..<first + 4]))
            }
        }
    }

    /// One row through `gemm`: weight [outputs, inputs].
    private func product(
        _ kernels: cai_kernels, _ x: [Float], _ weight: [Float], _ bias: [Float], _ epilogue: cai_epilogue
    ) -> [Float] {
        var panel = [Float](repeating: 0, count: x.count * 16)
        for output in bias.indices {
            for k in x.indices { panel[k * 16 + output] = weight[output * x.count + k] }
        }
        let padded = bias + [Float](repeating: 0, count: 16 - bias.count)
        var out = [Float](repeating: .nan, count: bias.count)
        x.withUnsafeBufferPointer { x in
            panel.withUnsafeBufferPointer { panel in
                padded.withUnsafeBufferPointer { padded in
                    out.withUnsafeMutableBufferPointer { out in
                        var call = cai_gemm()
                        (call.rows, call.columns, call.runs, call.run) = (1, bias.count, 1, x.count)
                        (call.a, call.panels, call.bias) = (x.baseAddress, panel.baseAddress, padded.baseAddress)
                        (call.c, call.epilogue) = (out.baseAddress, epilogue)
                        kernels.gemm(&call)
                    }
                }
            }
        }
        return out
    }
}
