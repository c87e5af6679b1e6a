import Cloud
import Runs
import Inference
import Platform

/// What `cai merge` asks of a rank beside its output: finds it there, and writes it when the output is in its place.
final class RankRecorder {
    private let rank: RankOptions.Rank
    /// Options that change what is computed, by their names.
    private let settings: [String: String]
    private let store: (any ObjectStore)?
    private let place: OutputFile
    private var written: RankSidecar.Output

    /// Checks that it can be written, and tells which rank this is.
    init(
        _ rank: RankOptions.Rank, settings: [String: String], store: (any ObjectStore)?, isQuiet: Bool
    ) throws(Failure) {
        self.rank = rank
        self.settings = settings
        self.store = store
        place = try OutputFile(rank.output + RankSidecar.ending, store: store)
        try place.check(sparing: [])
        written = RankSidecar.Output(name: InputList.lastComponent(rank.output), bytes: 0, sha256: "")
        if !isQuiet { Console.report("notice: \(rank.share) (\(rank.origin)), to \(rank.output)") }
    }

    /// The rank's galaxies, where an earlier run has finished all of them; nil where they are to be computed.
    /// - Throws: `Failure` where that run had other weights, inputs or options.
    func finished(
        _ part: RankPart, sections: [GalaxyRun.Section], weights: RankSidecar.Weights, maker: RankSidecar.Maker
    ) throws -> PredictionJournal.Earlier? {
        switch try FinishedRank.find(rank.output, expected: sidecar(part, weights: weights, maker: maker)) {
        case .none: return nil
        case .doubtful(let reason):
            Console.report("warning: \(reason): it is computed again")
            return nil
        case .whole(let redshifts): return try PredictionJournal.Earlier(redshifts: redshifts, of: sections)
        }
    }

    /// Takes the checksum of the output, which is complete at `path`.
    func note(_ path: String) throws(Failure) {
        let (bytes, text) = try FileIdentity.sha256(of: path)
        written = RankSidecar.Output(name: written.name, bytes: bytes, sha256: text)
    }

    /// To be called when the output, which was noted, is in its place.
    func write(_ outcome: PredictionJob.Outcome, of job: PredictionJob) throws {
        guard let part = outcome.part, let sha256 = outcome.weightsSHA256 else { return }
        let maker = RankSidecar.Maker(instructionSet: outcome.instructionSet, gemm: outcome.gemm)
        try sidecar(part, weights: weights(job.weights, sha256: sha256), maker: maker).write(to: place)
    }

    /// Weights as `cai merge` tells them from others.
    func weights(_ name: String, sha256: String) throws(Failure) -> RankSidecar.Weights {
        RankSidecar.Weights(name: name, identity: try FileIdentity.weights(name, sha256: sha256, store: store))
    }

    private func sidecar(_ part: RankPart, weights: RankSidecar.Weights, maker: RankSidecar.Maker) -> RankSidecar {
        RankSidecar(
            share: part.share, total: part.total, inputs: part.inputs, written: part.written, weights: weights,
            settings: settings, maker: maker, output: written)
    }
}
