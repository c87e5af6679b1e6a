/// Independent chains of multiply-adds in registers: see `cai_kernels.fma_peak`. A vector takes two of a baseline
/// processor's sixteen registers: six chains leave room for the two operands.
func multiplyAddPeak(_ iterations: Int, _ sink: UnsafeMutablePointer<Float>) -> Int {
    let (factor, term) = (Vector(repeating: sink[0]), Vector(repeating: sink[1]))
    // The compiler would merge chains with equal initial values.
    var (a, b, c) = (Vector(repeating: 0), Vector(repeating: 1), Vector(repeating: 2))
    var (d, e, f) = (Vector(repeating: 3), Vector(repeating: 4), Vector(repeating: 5))
    for _ in 0..<iterations {
        a = multiplyAdd(a, factor, term)
        b = multiplyAdd(b, factor, term)
        c = multiplyAdd(c, factor, term)
        d = multiplyAdd(d, factor, term)
        e = multiplyAdd(e, factor, term)
        f = multiplyAdd(f, factor, term)
    }
    sink[0] = (a + b + c + d + e + f).sum()
    return iterations * 6 * lanes * 2
}
