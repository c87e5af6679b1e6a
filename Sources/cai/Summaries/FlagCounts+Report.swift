import Inference
import Platform

extension FlagCounts {
    /// A warning where galaxies have flags: `2 of 37 galaxies have flags and no redshift: 2 with pixels not finite`.
    /// - Parameters:
    ///   - total: all galaxies.
    ///   - result: the result that galaxies with flags lack.
    ///   - remark: further words about these galaxies.
    func report(of total: Int, without result: String, _ remark: String = "") {
        guard flagged > 0 else { return }
        Console.report(
            "warning: \(Numbers.grouped(flagged)) of \(Numbers.counted(total, "galaxy", "galaxies")) have flags and no "
                + "\(result)\(remark): \(text(of: result))")
    }
}
