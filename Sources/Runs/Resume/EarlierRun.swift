import Platform
import TensorFiles

/// What an earlier run left, compared with the run that is to go on from it: what differs is named, and nothing touched.
struct EarlierRun {
    /// What errors call it: a journal, or what lies beside a rank's part.
    let name: String

    /// - Throws: `Failure` with both values where they differ.
    func check<Value: Equatable>(
        _ what: String, was earlier: Value, is now: Value, _ text: (Value) -> String = { "\($0)" }
    ) throws(Failure) {
        guard earlier != now else { return }
        throw Failure(
            "\(name): is of a run with other \(what): expected \(text(now).shortened(to: 400)), found "
                + "\(text(earlier).shortened(to: 400)): remove it, or give another --output")
    }

    /// Weights, options and what made the rows.
    func check(
        was earlier: (weights: RankSidecar.Weights, settings: [String: String], maker: RankSidecar.Maker),
        is now: (weights: RankSidecar.Weights, settings: [String: String], maker: RankSidecar.Maker)
    ) throws(Failure) {
        try check("weights", was: earlier.weights.identity, is: now.weights.identity)
        try check("options", was: earlier.settings, is: now.settings, \.optionsText)
        try check("kernels (CAI_ISA)", was: earlier.maker.instructionSet, is: now.maker.instructionSet)
        try check("--gemm", was: earlier.maker.gemm, is: now.maker.gemm)
        try check("version of cai", was: earlier.maker.version, is: now.maker.version)
    }
}
