import Cloud
import Inference
import Platform

/// Reads and writes the sidecar of a rank's output.
struct RankRecorder: Sendable {
    /// What a sidecar states of the rank's rows.
    struct Rank: Sendable {
        let part: RankPart
        let weights: WeightsIdentity
        let maker: Maker
    }

    private let output: OutputFile
    private let sidecar: OutputFile
    /// Options that rows depend on, by their names.
    private let settings: [String: String]

    /// Checks that the sidecar can be written.
    init(_ output: OutputFile, settings: [String: String], store: (any ObjectStore)?) throws(Failure) {
        (self.output, self.settings) = (output, settings)
        sidecar = try OutputFile(output.name + RankSidecar.ending, store: store)
        try sidecar.check(sparing: [])
    }

    /// The rank's galaxies, where an earlier run has finished all of them; nil where they have to be computed.
    /// - Throws: `Failure` where that run had other weights, inputs or options.
    func finished(
        _ rank: Rank, sections: [GalaxyRun.Section], weightsETag: String?, _ events: some JobEvents
    ) throws(Failure) -> PredictionJournal.Earlier? {
        let expected = sidecar(rank, RankSidecar.Output(name: name, bytes: 0, sha256: ""))
        switch try FinishedRank.find(output.name, expected: expected, weightsETag: weightsETag) {
        case .none: return nil
        case .doubtful(let reason):
            events.warning("\(reason): it is computed again")
            return nil
        case .whole(let redshifts): return try PredictionJournal.Earlier(redshifts: redshifts, of: sections)
        }
    }

    /// The size and checksum of the output, which is complete at `path`.
    func output(at path: String) throws(Failure) -> RankSidecar.Output {
        let (bytes, sha256) = try SHA256Digest.ofFile(path)
        return RankSidecar.Output(name: name, bytes: bytes, sha256: sha256)
    }

    /// Writes the sidecar. The output has to exist under its own name by then.
    func write(_ rank: Rank, _ written: RankSidecar.Output) throws(Failure) {
        try sidecar(rank, written).write(to: sidecar)
    }

    private var name: String { InputList.lastComponent(output.name) }

    private func sidecar(_ rank: Rank, _ written: RankSidecar.Output) -> RankSidecar {
        let part = rank.part
        return RankSidecar(
            share: part.share, total: part.total, inputs: part.inputs, written: part.written, weights: rank.weights,
            settings: settings, maker: rank.maker, output: written)
    }
}
