/// Galaxies/s that a run has shown, of one processor, and where that is from.
public enum MeasuredRate: Sendable, Equatable {
    /// Of a core of the machine that it ran on.
    case core(Double, source: String)
    /// Of the processor that 1,769 MB bring on Lambda.
    case processor(Double, source: String)
}
