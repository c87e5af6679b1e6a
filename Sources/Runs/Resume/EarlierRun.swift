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

    /// Compares weights, options, arithmetic and version. Rows of another instruction set have the same bits.
    func check(
        was earlier: (weights: WeightsIdentity, settings: [String: String], maker: Maker),
        is now: (weights: WeightsIdentity, settings: [String: String], maker: Maker)
    ) throws(Failure) {
        try check("weights", was: earlier.weights.identity, is: now.weights.identity)
        try check("arithmetic", was: earlier.maker.bits, is: now.maker.bits)
        let (then, options) = earlier.settings.differences(from: now.settings)
        try check("options", was: then, is: options, \.optionsText)
        try check("version of cai", was: earlier.maker.version, is: now.maker.version)
    }
}

extension [String: String] {
    /// The entries of each that the other does not have.
    func differences(from other: Self) -> (own: Self, other: Self) {
        (filter { other[$0.key] != $0.value }, other.filter { self[$0.key] != $0.value })
    }

    /// Options by their names, as a command line has them: `--bands grizu --table t.csv`; `none` where there are none.
    var optionsText: String {
        isEmpty ? "none" : sorted { $0.key < $1.key }.map { "--\($0.key) \($0.value)" }.joined(separator: " ")
    }
}
