import CKernels

private let panelWidth = Int(CAI_PANEL)

/// The indirect matrix product (GEMM) of `cai_gemm`, two rows by sixteen columns at a time.
func multiply(_ g: cai_gemm) {
    let panels = (g.columns + panelWidth - 1) / panelWidth
    for panel in 0..<panels {
        var row = 0
        while row + 2 <= g.rows {
            tile2(g, row, panel)
            row += 2
        }
        if row < g.rows { tile1(g, row, panel) }
    }
}

@inline(__always)
private func rowOfA(_ g: cai_gemm, _ row: Int) -> UnsafePointer<Float> {
    g.a + (g.a_rows.map { Int($0[row]) } ?? row * g.lda)
}

@inline(__always)
private func panelStart(_ g: cai_gemm, _ panel: Int) -> UnsafePointer<Float> {
    g.panels + panel * g.runs * g.run * panelWidth
}

private func tile2(_ g: cai_gemm, _ row: Int, _ panel: Int) {
    var b = panelStart(g, panel)
    let (a0, a1) = (rowOfA(g, row), rowOfA(g, row + 1))
    var (s00, s01) = (Vector.zero, Vector.zero)
    var (s10, s11) = (s00, s01)
    for r in 0..<g.runs {
        let offset = g.a_runs.map { Int($0[r]) } ?? 0
        for k in offset..<offset + g.run {
            let (b0, b1) = (load(b), load(b + lanes))
            b += panelWidth
            let (x0, x1) = (Vector(repeating: a0[k]), Vector(repeating: a1[k]))
            s00 = multiplyAdd(x0, b0, s00)
            s01 = multiplyAdd(x0, b1, s01)
            s10 = multiplyAdd(x1, b0, s10)
            s11 = multiplyAdd(x1, b1, s11)
        }
    }
    finish(g, row, panel, s00, s01)
    finish(g, row + 1, panel, s10, s11)
}

private func tile1(_ g: cai_gemm, _ row: Int, _ panel: Int) {
    var b = panelStart(g, panel)
    let a = rowOfA(g, row)
    var (s0, s1) = (Vector.zero, Vector.zero)
    for r in 0..<g.runs {
        let offset = g.a_runs.map { Int($0[r]) } ?? 0
        for k in offset..<offset + g.run {
            let x = Vector(repeating: a[k])
            s0 = multiplyAdd(x, load(b), s0)
            s1 = multiplyAdd(x, load(b + lanes), s1)
            b += panelWidth
        }
    }
    finish(g, row, panel, s0, s1)
}

@inline(__always)
func epilogue(_ v: Vector, _ kind: cai_epilogue) -> Vector {
    switch kind {
    case CAI_RELU: relu(v)
    case CAI_GELU: gelu(v)
    case CAI_SILU: silu(v)
    default: v
    }
}

private func finish(_ g: cai_gemm, _ row: Int, _ panel: Int, _ left: Vector, _ right: Vector) {
    let column = panel * panelWidth
    let c = g.c + (g.c_rows.map { Int($0[row]) } ?? row * g.ldc) + column
    let bias = g.bias + column
    let values = (epilogue(left + load(bias), g.epilogue), epilogue(right + load(bias + lanes), g.epilogue))
    for j in 0..<min(panelWidth, g.columns - column) {
        let value = j < lanes ? values.0[j] : values.1[j - lanes]
        c[j] = g.epilogue == CAI_ADD ? value + c[j] : value
    }
}
