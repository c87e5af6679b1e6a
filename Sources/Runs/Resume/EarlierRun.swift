import Platform

/// Compares an earlier run with the one that resumes it. A difference is an error that names it; no file is changed.
struct EarlierRun {
    /// The journal or sidecar of the earlier run, for errors.
    let name: String

    /// - Throws: `Failure` with both values where they differ.
    func check<Value: Equatable>(
        _ what: String, was earlier: Value, is now: Value, _ description: (Value) -> String = { "\($0)" }
    ) throws(Failure) {
        guard earlier != now else { return }
        throw Failure(
            "\(name): is of a run with other \(what): expected \(description(now).shortened(to: 400)), found "
                + "\(description(earlier).shortened(to: 400)): remove it, or give another --output")
    }

    /// Compares weights, options and `Maker`.
    func check(
        was earlier: (weights: WeightsIdentity, settings: [String: String], maker: Maker),
        is now: (weights: WeightsIdentity, settings: [String: String], maker: Maker)
    ) throws(Failure) {
        try check("weights", was: earlier.weights.identity, is: now.weights.identity)
        let (then, options) = earlier.settings.differences(from: now.settings)
        try check("options", was: then, is: options, \.optionsText)
        try check("kernels (CAI_ISA)", was: earlier.maker.instructionSet, is: now.maker.instructionSet)
        try check("--gemm", was: earlier.maker.gemm, is: now.maker.gemm)
        try check("version of cai", was: earlier.maker.version, is: now.maker.version)
    }
}

extension [String: String] {
    /// Whether the options name the values that stand for none. Those of versions without such values do not.
    var statesMissing: Bool { self["missing"] != nil }

    /// The same, with the missing values of `other` where they are not stated.
    func stating(missingOf other: Self) -> Self { merging(other.filter { $0.key == "missing" }) { own, _ in own } }

    /// The entries of each that the other does not have.
    func differences(from other: Self) -> (own: Self, other: Self) {
        (filter { other[$0.key] != $0.value }, other.filter { self[$0.key] != $0.value })
    }

    /// Options by their names, as a command line has them: `--bands grizu --table t.csv`; `none` where there are none.
    var optionsText: String {
        isEmpty ? "none" : sorted { $0.key < $1.key }.map { "--\($0.key) \($0.value)" }.joined(separator: " ")
    }
}
