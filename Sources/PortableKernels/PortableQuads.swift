import CKernels

private let quad = Int(CAI_QUAD)

/// Four vectors, one for each channel of eight groups.
private struct Quads {
    var (v0, v1, v2, v3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)

    /// Deinterleaves 32 channels.
    init(_ p: UnsafePointer<Float>) {
        for lane in 0..<lanes {
            let group = p + lane * quad
            (v0[lane], v1[lane], v2[lane], v3[lane]) = (group[0], group[1], group[2], group[3])
        }
    }

    init() {}

    func store(_ p: UnsafeMutablePointer<Float>) {
        for lane in 0..<lanes {
            let group = p + lane * quad
            (group[0], group[1], group[2], group[3]) = (v0[lane], v1[lane], v2[lane], v3[lane])
        }
    }
}

/// Two grouped 1x1 convolutions with SiLU between them, groups of four channels: see `cai_quad_convolution`.
func convolveQuads(_ t: cai_quad_convolution) {
    let groups = t.groups
    for row in 0..<t.rows {
        let x: UnsafePointer<Float> = t.x + Int(t.x_rows[row])
        let out: UnsafeMutablePointer<Float> = t.out + row * groups * quad
        for g in stride(from: 0, to: groups, by: lanes) {
            let inputs = Quads(x + g * quad)
            var sums = Quads()
            for h in 0..<t.hidden {
                let expand: UnsafePointer<Float> = t.expand + h * quad * groups + g
                let reduce: UnsafePointer<Float> = t.reduce + h * quad * groups + g
                var unit = multiplyAdd(inputs.v0, load(expand), .zero)
                unit = multiplyAdd(inputs.v1, load(expand + groups), unit)
                unit = multiplyAdd(inputs.v2, load(expand + 2 * groups), unit)
                unit = multiplyAdd(inputs.v3, load(expand + 3 * groups), unit)
                unit = silu(unit + load(t.expand_bias + h * groups + g))
                sums.v0 = multiplyAdd(unit, load(reduce), sums.v0)
                sums.v1 = multiplyAdd(unit, load(reduce + groups), sums.v1)
                sums.v2 = multiplyAdd(unit, load(reduce + 2 * groups), sums.v2)
                sums.v3 = multiplyAdd(unit, load(reduce + 3 * groups), sums.v3)
            }
            sums.v0 += load(t.reduce_bias + g)
            sums.v1 += load(t.reduce_bias + groups + g)
            sums.v2 += load(t.reduce_bias + 2 * groups + g)
            sums.v3 += load(t.reduce_bias + 3 * groups + g)
            sums.store(out + g * quad)
        }
    }
}
