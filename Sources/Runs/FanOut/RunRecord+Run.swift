import Inference
import Platform

extension RunRecord {
    /// Of a run's `predictions.csv`.
    /// - Parameters:
    ///   - results: of the ranks whose rows are in it. Where they differ in a choice, program or processor, all are stated.
    ///   - missing: ranks whose rows are not.
    ///   - output: the file.
    init(_ manifest: RunManifest, _ results: [RankResult], missing: [Int], _ output: RankSidecar.Output) {
        func all(_ values: [String?]) -> String { Set(values.compactMap(\.self)).sorted().joined(separator: "; ") }
        let galaxies = results.reduce(0) { $0.cappedSum($1.galaxies) }
        var choices = RunChoices.joined(results.map(\.choices))
        if !missing.isEmpty { choices["missing_ranks"] = RankOutputs.listed(missing) }
        // One that is cut counts once.
        let partitions = manifest.partitions.filter { ($0.rows?.lowerBound ?? 0) == 0 }
        let digests = all(results.map(\.weightsSHA256))
        self.init(
            galaxies: galaxies,
            inputs: InputsIdentity(
                lines: partitions.map { "\($0.key)\t\($0.size)\t\($0.etag)" },
                bytes: partitions.reduce(0) { $0.cappedSum($1.size) }, galaxies: galaxies),
            written: nil,
            weights: digests.isEmpty
                ? WeightsIdentity(
                    name: all(results.map(\.weights)), identity: "etag:" + all(results.map(\.weightsETag)))
                : WeightsIdentity(name: all(results.map(\.weights)), sha256: digests),
            settings: [
                "missing": manifest.missing,
                "precision": manifest.input.precision == .float32 ? nil : manifest.input.precision.rawValue,
            ].compactMapValues { $0 },
            choices: choices,
            maker: Maker(
                joining: results.map {
                    Maker(
                        version: $0.version ?? "", instructionSet: $0.instructionSet ?? "", gemm: $0.gemm ?? "",
                        arithmetic: $0.arithmetic)
                }), output: output)
    }
}
