/// A measured rate of one processor in galaxies/s, and its source.
public enum MeasuredRate: Sendable, Equatable {
    /// Of a core of the machine that ran it.
    case core(Double, source: String)
    /// Of the processor that 1,769 MB bring on Lambda.
    case processor(Double, source: String)

    private var value: Double {
        switch self {
        case .core(let value, _), .processor(let value, _): value
        }
    }

    /// The median: runs with small batches or on a busy machine are not representative. Runs on
    /// Lambda take precedence over runs elsewhere.
    public static func typical(of rates: [MeasuredRate]) -> MeasuredRate? {
        let onLambda = rates.filter { if case .processor = $0 { true } else { false } }
        let sorted = (onLambda.isEmpty ? rates : onLambda).sorted { $0.value < $1.value }
        return sorted.isEmpty ? nil : sorted[(sorted.count - 1) / 2]
    }
}
