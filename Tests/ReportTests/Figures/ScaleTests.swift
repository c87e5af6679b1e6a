import Platform
import Testing

@testable import Report

@Test(
    "Ticks are round values inside of the domain, no more than asked for",
    arguments: [
        (Scale.linear(0, 1), 6, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (.linear(0, 1), 5, ["0.0", "0.5", "1.0"]),
        (.linear(-0.03, 0.03), 4, ["−0.02", "0.00", "0.02"]),
        (.linear(0, 12_600), 4, ["0", "5,000", "10,000"]),
        (.linear(0, 3e7), 4, ["0", "10M", "20M", "30M"]),
        (.linear(5, 5), 4, ["4", "6"]),
        (.logarithmic(covering: [1, 1000]), 5, ["1", "10", "100", "1,000"]),
        (.logarithmic(covering: [1, 12.6]), 3, ["1", "3", "10"]),
        (.logarithmic(covering: [1, 12.6]), 9, ["1", "2", "5", "10"]),
        (.logarithmic(covering: [1e-9, 1e-3]), 4, ["10⁻⁸", "10⁻⁶", "10⁻⁴"]),
    ] as [(Scale, Int, [String])])
func ticksAreRound(scale: Scale, most: Int, expected: [String]) {
    #expect(scale.ticks(most: most).map(\.label) == expected)
}

@Test("Ticks of any domain lie in it, ascend, and are at least two and at most as many as asked for")
func ticksOfAnyDomain() {
    for exponent in -12...12 {
        for width in [0.013, 0.9, 1, 3.3, 7.77] {
            let unit = (0..<abs(exponent)).reduce(1.0) { value, _ in exponent < 0 ? value / 10 : value * 10 }
            for scale in [
                Scale.linear(-width * unit, 2 * width * unit), .linear(unit, unit * (1 + width)),
                .logarithmic(covering: [unit, unit * (1 + width)]), .logarithmic(covering: [1e-3, unit * width]),
            ] {
                for most in 2...10 {
                    let ticks = scale.ticks(most: most)
                    let values = ticks.map(\.value)
                    let slack = (scale.domain.upperBound - scale.domain.lowerBound) * 1e-6
                    #expect(values.count >= 2 && values.count <= max(2, most), "\(scale) \(most)")
                    #expect(values == values.sorted())
                    #expect(Set(ticks.map(\.label)).count == ticks.count, "\(scale) \(ticks)")
                    #expect(values.allSatisfy { $0 >= scale.domain.lowerBound - slack })
                    #expect(values.allSatisfy { $0 <= scale.domain.upperBound + slack })
                }
            }
        }
    }
}

@Test("Positions run from 0 to 1, by the logarithm where asked")
func positions() {
    #expect(Scale.linear(2, 4).fraction(3) == 0.5)
    #expect(Scale.linear(4, 2).fraction(2) == 0)
    let logarithmic = Scale.logarithmic(covering: [1, 100])
    #expect(abs(logarithmic.fraction(10) - 0.5) < 1e-12)
    #expect(!logarithmic.holds(0))
    #expect(!logarithmic.holds(.nan))
    #expect(Scale.linear(0, 1).holds(-3))
}

@Test("Scales that cover values extend to round numbers, and ignore NaN and infinity")
func covering() {
    #expect(Scale.linear(covering: [0.12, 0.93, .nan, .infinity]).domain == 0...1)
    #expect(Scale.linear(covering: [3, 9], zero: true).domain == 0...10)
    #expect(Scale.linear(covering: []).domain.contains(0))
    #expect(Scale.logarithmic(covering: [-1, 0, .nan]).domain == 1...10)
}

@Test(
    "Values have short labels",
    arguments: [
        (0, "0"), (1500, "1,500"), (0.02, "0.02"), (2e6, "2M"), (-1.5, "−1.5"), (3e-7, "3×10⁻⁷"), (1e15, "10¹⁵"),
        (12.6, "12.6"), (1e12, "1T"), (123_456.7, "123,457"),
    ] as [(Double, String)])
func valuesAsLabels(value: Double, label: String) { #expect(Scale.label(value) == label) }

@Test(
    "Digits of large numbers are grouped",
    arguments: [
        (1_234_567.891, 2, "1,234,567.89"), (-0.001, 2, "0.00"), (-12, 0, "−12"), (999.5, 0, "1,000"), (0.5, 1, "0.5"),
    ] as [(Double, Int, String)])
func groupedDecimals(value: Double, decimals: Int, text: String) {
    #expect(Decimals.grouped(value, decimals) == text)
}
