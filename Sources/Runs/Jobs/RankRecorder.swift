import Cloud
import Inference
import Platform

/// Reads and writes the sidecar of a rank's output.
struct RankRecorder: Sendable {
    /// What a sidecar states of the rank's rows.
    struct Rank: Sendable {
        let part: RankPart
        let weights: WeightsIdentity
        let choices: [String: String]
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
    ///
    /// The sidecar is written last, and states what the part was computed from: a part that has the stated bytes, of the run
    /// that is resumed, need not be computed again. A part of another run is an error, as a journal of another run is: an
    /// unneeded --resume must not discard finished rows. A part that was changed, truncated or removed, or whose sidecar is
    /// invalid, is computed again, as incomplete records of a journal are.
    /// - Throws: `Failure` where the part is complete, and that run had other weights, inputs or options.
    func finished(
        _ rank: Rank, sections: [GalaxyRun.Section], weightsETag: String?, _ events: some JobEvents
    ) throws(Failure) -> PredictionJournal.Earlier? {
        func doubt(_ reason: String) { events.warning("\(reason): it is computed again") }
        // Its checksum is not compared.
        let expected = sidecar(rank, RankSidecar.Output(name: name, bytes: 0, sha256: ""))
        let part: RankOutputs.Part
        let source: (any ByteSource)?
        do throws(Failure) {
            guard let found = try RankOutputs.sidecar(of: output.name, nil) else { return nil }
            part = RankOutputs.Part(name: output.name, sidecar: found)
            source = try part.open(nil)
        } catch {
            doubt(error.description)
            return nil
        }
        try expected.check(part, weightsETag: weightsETag)
        // An input may be a copy, or repaired since: its galaxies are computed again.
        guard let written = part.sidecar.written, written == expected.written else {
            doubt("\(output.name): its inputs were written at other times than those of now")
            return nil
        }
        let redshifts: [Float]
        do throws(Failure) { redshifts = try part.redshifts(source) } catch {
            doubt(error.description)
            return nil
        }
        return try PredictionJournal.Earlier(redshifts: redshifts, of: sections)
    }

    /// Writes the sidecar. The output has to exist under its own name by then.
    func write(_ rank: Rank, _ written: RankSidecar.Output) throws(Failure) {
        try sidecar(rank, written).write(to: sidecar)
    }

    private var name: String { InputList.lastComponent(output.name) }

    private func sidecar(_ rank: Rank, _ written: RankSidecar.Output) -> RankSidecar {
        let part = rank.part
        return RankSidecar(
            share: part.share, total: part.total, wholeFiles: part.wholeFiles, inputs: part.inputs,
            written: part.written, weights: rank.weights, settings: settings, choices: rank.choices, maker: rank.maker,
            output: written)
    }
}

extension RankSidecar {
    /// Checks that a part is of the run that this sidecar is of.
    fileprivate func check(_ part: RankOutputs.Part, weightsETag: String?) throws(Failure) {
        let (left, earlier) = (EarlierRun(name: part.name + Self.ending), part.sidecar)
        try left.check(
            was: (earlier.weights, earlier.settings, earlier.maker),
            is: (weights.comparable(with: earlier.weights, etag: weightsETag), settings, maker))
        try left.check("ranks", was: [earlier.rank, earlier.worldSize], is: [rank, worldSize]) {
            "rank \($0[0]) of \($0[1])"
        }
        try left.check("shares (--share)", was: earlier.unit, is: unit, \.rawValue)
        try left.check("listing of the inputs", was: earlier.wholeFiles?.listing, is: wholeFiles?.listing) {
            $0?.text ?? "none"
        }
        try left.check("inputs", was: earlier.inputs, is: inputs, \.text)
        try left.check(
            "galaxies before its own (--index)", was: earlier.wholeFiles?.firstGalaxy, is: wholeFiles?.firstGalaxy
        ) { $0.map(String.init) ?? "none" }
        try left.check("galaxies", was: earlier.total, is: total)
    }
}
