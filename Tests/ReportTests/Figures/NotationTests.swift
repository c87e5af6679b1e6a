import Testing

@testable import Report

@Suite("Notation of pages") struct NotationTests {
    @Test(
        "Estimates have the decimals that show two digits of their interval's length",
        arguments: [
            (0.012345678, 0.0118...0.0131, "0.0123"), (-0.000297, -0.0008...0.0002, "\u{2212}0.0003"),
            (0.0002971234, 0.00025...0.00034, "0.000297"), (0.98765, 0.93...0.99, "0.988"), (12.3456, 8...31, "12"),
            (0.01, 0.01...0.01, "0.0100"), (1e300, -1e300...1e300, "10\u{B3}\u{2070}\u{2070}"),
            (2.5e-9, 2.4e-9...2.6e-9, "2.5\u{D7}10\u{207B}\u{2079}"),
        ] as [(Double, ClosedRange<Double>, String)])
    func estimates(value: Double, interval: ClosedRange<Double>, text: String) {
        #expect(Notation.estimate(value, within: interval) == text)
    }

    @Test(
        "Significant digits have a true minus sign",
        arguments: [
            (0, "0"), (0.0999996, "0.100"), (-1.2, "\u{2212}1.20"), (1234.6, "1,235"), (0.05, "0.0500"),
            (-0.0000297, "\u{2212}2.97\u{D7}10\u{207B}\u{2075}"), (-Double.infinity, "\u{2212}inf"),
        ] as [(Double, String)])
    func significant(value: Double, text: String) { #expect(Notation.significant(value) == text) }

    @Test("An estimate without an interval has two digits")
    func withoutInterval() { #expect(Notation.estimate(0.01234, within: nil) == "0.012") }

    @Test("Both ends of an interval have the same decimals")
    func intervals() {
        #expect(Notation.text(-0.00123...0.0004) == "\u{2212}0.0012 to 0.0004")
        #expect(Notation.text(0...0.00744) == "0.0000 to 0.0074")
        #expect(Notation.text(0.00009978...0.00010052) == "0.00009978 to 0.00010052")
    }

    @Test("Long intervals are rounded, but not to 0 or 1, which would be other statements")
    func longIntervals() {
        #expect(Notation.text(0.0132...15) == "0.013 to 15")
        #expect(Notation.text(-665_426...0.9912) == "\u{2212}670,000 to 0.99")
        #expect(Notation.text(-62...0.9912) == "\u{2212}62 to 0.9912")
        #expect(Notation.estimate(-202_085, within: -665_426...0.99) == "\u{2212}200,000")
        #expect(Notation.text(-0.001...0.00001) == "\u{2212}0.0010 to 0.0000")
        #expect(Notation.significant(9.997e-6, 3) == "10\u{207B}\u{2075}")
    }

    @Test("Counts are whole: one number, or the least and the largest")
    func counts() {
        #expect(Notation.counts([41, 41]) == "41" && Notation.counts([41, 40, 1041]) == "40 to 1,041")
    }

    @Test("Names of measures have the symbols of a page")
    func symbols() {
        #expect(
            ["sigma_MAD", "R2", "outliers 3s", "1.48 median |dz - median dz|", "mean (zp - zs)^2"].map(Notation.symbols)
                == [
                    "\u{3C3}_MAD", "R\u{B2}", "outliers 3\u{3C3}_IQR",
                    "1.48 median |\u{394}z \u{2212} median \u{394}z|",
                    "mean (zp \u{2212} zs)\u{B2}",
                ])
        #expect(Notation.symbols("fraction with |dz| > max(0.06, 3 sigma_IQR)").hasSuffix(Notation.wideBound))
    }
}
