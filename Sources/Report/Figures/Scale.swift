import Glibc
import Platform

/// Maps values to positions along an axis, and selects the labelled ones.
struct Scale: Sendable, Equatable {
    enum Kind {
        case linear
        /// For positive values only.
        case logarithmic
    }

    typealias Tick = (value: Double, label: String)

    let kind: Kind
    /// Ascending, finite, not empty; positive where logarithmic.
    let domain: ClosedRange<Double>

    private init(_ kind: Kind, _ domain: ClosedRange<Double>) {
        (self.kind, self.domain) = (kind, domain)
    }

    /// A linear scale over exactly these bounds, in either order; slightly wider where they are equal.
    static func linear(_ low: Double, _ high: Double) -> Scale {
        let (low, high) = (low.isFinite ? low : 0, high.isFinite ? high : 1)
        guard low != high else {
            let room = low == 0 ? 1 : abs(low) / 2
            return Scale(.linear, low - room...low + room)
        }
        return Scale(.linear, min(low, high)...max(low, high))
    }

    /// A linear scale that covers all finite `values`, extended to round numbers.
    /// - Parameter zero: whether it includes 0, for lengths and counts.
    static func linear(covering values: [Double], zero: Bool = false) -> Scale {
        let finite = values.filter(\.isFinite) + (zero ? [0] : [])
        let bare = linear(finite.min() ?? 0, finite.max() ?? 1)
        let step = roundStep(bare.domain, parts: 5)
        let low = (bare.domain.lowerBound / step).rounded(.down) * step
        let high = (bare.domain.upperBound / step).rounded(.up) * step
        return low < high && low.isFinite && high.isFinite ? linear(low, high) : bare
    }

    /// A logarithmic scale that covers all finite, positive `values`, with a margin at both ends.
    static func logarithmic(covering values: [Double]) -> Scale {
        let positive = values.filter { $0.isFinite && $0 > 0 }
        guard let low = positive.min(), let high = positive.max() else { return Scale(.logarithmic, 1...10) }
        let room = max(pow(high / low, 0.06), 1.12)
        let domain = low / room...high * room
        guard domain.lowerBound > 0, domain.upperBound.isFinite else {
            return Scale(.logarithmic, low...max(high, low * 2))
        }
        return Scale(.logarithmic, domain)
    }

    /// A logarithmic scale over exactly these bounds, where they are positive and ascend.
    static func logarithmic(from low: Double, to high: Double) -> Scale {
        low > 0 && low < high && high.isFinite ? Scale(.logarithmic, low...high) : logarithmic(covering: [low, high])
    }

    /// Whether a value has a position: it is finite, and positive on a logarithmic scale.
    func holds(_ value: Double) -> Bool { value.isFinite && (kind == .linear || value > 0) }

    /// 0 at the lower end, 1 at the upper end; outside the domain below 0 or above 1.
    func fraction(_ value: Double) -> Double {
        switch kind {
        case .linear: (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
        case .logarithmic:
            log(max(value, .leastNormalMagnitude) / domain.lowerBound) / log(domain.upperBound / domain.lowerBound)
        }
    }

    /// Round values within the domain with their labels: as many as fit, at most `most` (2 or more).
    func ticks(most: Int) -> [Tick] {
        let values = kind == .linear ? linearTicks(most: max(2, most)) : logarithmicTicks(most: max(2, most))
        let isGrowing = zip(values, values.dropFirst()).allSatisfy { $0 > 0 && $1 >= 2 * $0 }
        let arePowers = values.contains { $0 < 1e-4 }
        let labels = isGrowing ? values.map { arePowers ? Self.power($0) : Self.label($0) } : Self.evenLabels(values)
        return zip(values, labels).map { ($0, $1) }
    }

    private func linearTicks(most: Int) -> [Double] {
        for parts in stride(from: most, through: 1, by: -1) {
            let values = multiples(of: Self.roundStep(domain, parts: parts))
            if values.count >= 2, values.count <= most { return values }
        }
        let values = multiples(of: Self.roundStep(domain, parts: most))
        guard values.count > 1 else { return [domain.lowerBound, domain.upperBound] }
        return [values[0], values[values.count - 1]]
    }

    /// The values in the domain, allowing for rounding errors at its bounds.
    private func multiples(of step: Double) -> [Double] {
        let first = (domain.lowerBound / step - 1e-9).rounded(.up)
        let last = (domain.upperBound / step + 1e-9).rounded(.down)
        guard first <= last, last - first < 100 else { return [] }
        // Computed from the index, so that errors do not accumulate; adding 0 turns -0 into 0.
        return (0...Int(last - first)).map { (first + Double($0)) * step + 0 }
    }

    private func logarithmicTicks(most: Int) -> [Double] {
        let decades = Int(log10(domain.lowerBound).rounded(.down))...Int(log10(domain.upperBound).rounded(.up))
        for digits in [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]] as [[Double]] {
            let values = decades.flatMap { decade in digits.map { $0 * pow(10, Double(decade)) } }
                .filter { domain.contains($0) }
            if values.count > most { continue }
            if values.count >= 2 { return values }
            break
        }
        for every in 2...max(2, decades.count) {
            let values = decades.filter { $0.isMultiple(of: every) }.map { pow(10, Double($0)) }
                .filter { domain.contains($0) }
            if values.count >= 2, values.count <= most { return values }
        }
        return linearTicks(most: most)
    }

    /// The smallest of 1, 2 and 5 times a power of ten that divides the domain into at most that many parts.
    private static func roundStep(_ domain: ClosedRange<Double>, parts: Int) -> Double {
        let bare = (domain.upperBound - domain.lowerBound) / Double(max(1, parts))
        guard bare.isFinite, bare > 0 else { return 1 }
        let power = pow(10, log10(bare).rounded(.down))
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= bare * (1 - 1e-9) } ?? bare
    }

    /// Labels with a common unit and as many decimals as distinguish them.
    private static func evenLabels(_ values: [Double]) -> [String] {
        let largest = values.map { abs($0) }.max() ?? 0
        var (factor, unit) = (1.0, "")
        if largest >= 1e15 || (largest < 1e-3 && largest > 0) {
            let exponent = Int(log10(largest).rounded(.down))
            (factor, unit) = (pow(10, Double(exponent)), "\u{D7}10" + superscript(exponent))
        } else if let large = units.first(where: { largest >= $0.limit }) {
            (factor, unit) = (large.limit, large.name)
        }
        let step = zip(values, values.dropFirst()).map { ($1 - $0) / factor }.min() ?? 1
        let decimals = step > 0 && step.isFinite ? min(12, max(0, -Int((log10(step) + 1e-9).rounded(.down)))) : 0
        return values.map { value in
            value == 0 && !unit.isEmpty ? "0" : Decimals.grouped(value / factor, decimals) + unit
        }
    }

    private static let units = [(limit: 1e12, name: "T"), (limit: 1e9, name: "G"), (limit: 1e6, name: "M")]

    /// A value as a label: 0.02, 1,500, 2M, 3×10⁻⁷.
    static func label(_ value: Double) -> String {
        let size = abs(value)
        guard value.isFinite, size > 0 else { return value == 0 ? "0" : "\(value)" }
        if size < 1e15, let unit = units.first(where: { size >= $0.limit }) {
            return Decimals.shortest(value / unit.limit, digits: 4) + unit.name
        }
        if size >= 1e-4, size < 1e6 { return Decimals.shortest(value, digits: 6) }
        return power(value)
    }

    /// 3×10⁻⁷; not of 0.
    static func power(_ value: Double, digits: Int = 3) -> String {
        // Accept a power of ten that pow rounded down.
        var exponent = Int((log10(abs(value)) + 1e-9).rounded(.down))
        // 9.997 is 10.0 with three digits.
        let most = pow(10, Double(digits))
        if (abs(value) / pow(10, Double(exponent + 1 - digits))).rounded() >= most { exponent += 1 }
        let mantissa = Decimals.shortest(value / pow(10, Double(exponent)), digits: digits)
        return (mantissa == "1" ? "" : mantissa + "\u{D7}") + "10" + superscript(exponent)
    }

    private static func superscript(_ number: Int) -> String {
        let digits = Array("\u{2070}\u{B9}\u{B2}\u{B3}\u{2074}\u{2075}\u{2076}\u{2077}\u{2078}\u{2079}")
        return String(String(number).map { $0 == "-" ? "\u{207B}" : digits[$0.wholeNumberValue ?? 0] })
    }
}
