import Testing

/// Galaxies from a one-line generator, so that numpy can compute the expected values: a linear congruential generator
/// whose top 53 bits are a number in [0, 1).
func pseudoRandom(_ count: Int, seed: UInt64) -> [Double] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53)
    }
}

struct Galaxies: Sendable, CustomTestStringConvertible {
    let count: Int
    let seed: UInt64
    let width: Double
    /// MAE, MSE, Bias, Precision, R2; sigma_MAD, median bias, sigma_IQR, the three outlier fractions.
    let expected: [Double]

    var testDescription: String { "\(count) galaxies of width \(width)" }

    init(count: Int, seed: UInt64, width: Double, expected: [Double] = []) {
        (self.count, self.seed, self.width, self.expected) = (count, seed, width, expected)
    }

    var redshifts: (predicted: [Double], spectroscopic: [Double]) {
        let numbers = pseudoRandom(2 * count, seed: seed)
        let spectroscopic = numbers[..<count].map { 0.01 + 0.39 * $0 }
        let predicted = zip(spectroscopic, numbers[count...]).map { zs, number in
            let error = number - 0.5
            return zs + width * (8 * error * error * error + 0.3 * error) + 0.002
        }
        return (predicted, spectroscopic)
    }

    /// Computed with numpy 2 from the same numbers, by Tests/Fixtures/quality/expected.py.
    static let cases = [
        Galaxies(
            count: 2, seed: 1, width: 0.05,
            expected: [
                0.0029657591431804797, 1.5379149934747035e-05, 0.002188312458759838, 0.0037284252313687385,
                0.9455665339660658, 0.0037349751675860078, 0.002188312458759838, 0.0018674619995636102, 0, 0, 0,
            ]),
        Galaxies(
            count: 7, seed: 2, width: 0.05,
            expected: [
                0.016092437267185133, 0.000456570493147105, 0.010153529026706343, 0.008818897161282249,
                0.9656252736323472, 0.008834389818457473, 0.007891187322200021, 0.010721442656183718, 0, 0, 0,
            ]),
        Galaxies(
            count: 1000, seed: 3, width: 0.05,
            expected: [
                0.01599151617553935, 0.000513507218764426, 0.0014837019161926565, 0.011501627000916958,
                0.9596416213367778, 0.011521832561864514, 0.0015704530045436928, 0.011489775080458918, 0.009, 0, 0,
            ]),
        Galaxies(
            count: 1001, seed: 4, width: 0.4,
            expected: [
                0.12841670379842177, 0.032766359739066594, 0.00817598307031506, 0.0971562233796133,
                -1.494252751256059, 0.0973269032314964, 0.002288283537992093, 0.10004782195318739,
                0.5664335664335665, 0.2937062937062937, 0.08491508491508491,
            ]),
        Galaxies(
            count: 4096, seed: 5, width: 0.02,
            expected: [
                0.0069605263494019205, 8.864988191694691e-05, 0.0016776093141807195, 0.0048684018712636876,
                0.9932015691760647, 0.004876954469145637, 0.0016690467606101402, 0.0048417147492883245, 0, 0, 0,
            ]),
        Galaxies(
            count: 20000, seed: 6, width: 0.15,
            expected: [
                0.04842347352241585, 0.00468074646377872, 0.002094638083511417, 0.0366114434697822, 0.627141129253189,
                0.036675760870472356, 0.0016369298980275417, 0.036621591607712695, 0.32515, 0.00825, 0.0915,
            ]),
    ]
}
