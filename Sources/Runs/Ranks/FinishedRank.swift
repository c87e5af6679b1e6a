import Platform

/// The part that an earlier run of a rank has written.
///
/// The sidecar is written last, and states what the part was computed from: a part that has the stated bytes, of the run
/// that is resumed, need not be computed again. A part of another run is an error, as a journal of another run is: an
/// unneeded --resume must not discard finished rows. A part that was changed, truncated or removed, or whose sidecar is
/// invalid, is computed again, as incomplete records of a journal are.
public enum FinishedRank {
    case none
    /// Why the part is not used.
    case doubtful(String)
    /// z_phot of the part's galaxies, in their order.
    case whole([Float])

    /// - Parameters:
    ///   - output: the part, a local file.
    ///   - expected: the sidecar of this run; its checksum is not compared.
    ///   - weightsETag: of weights that are an object; nil of a local file.
    /// - Throws: `Failure` where the part is complete, and of another run.
    public static func find(
        _ output: String, expected: RankSidecar, weightsETag: String? = nil
    ) throws(Failure) -> FinishedRank {
        let part: RankOutputs.Part
        do throws(Failure) {
            guard let sidecar = try RankOutputs.sidecar(of: output, nil) else { return .none }
            part = RankOutputs.Part(name: output, sidecar: sidecar)
        } catch {
            return .doubtful(error.description)
        }
        let source: (any ByteSource)?
        do throws(Failure) { source = try part.open(nil) } catch { return .doubtful(error.description) }
        try expected.check(part, weightsETag: weightsETag)
        // An input may be a copy, or repaired since: its galaxies are computed again.
        guard let written = part.sidecar.written, written == expected.written else {
            return .doubtful("\(output): its inputs were written at other times than those of now")
        }
        do throws(Failure) { return .whole(try part.redshifts(source)) } catch {
            return .doubtful(error.description)
        }
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
        try left.check("inputs", was: earlier.inputs, is: inputs, \.text)
        try left.check("galaxies", was: earlier.total, is: total)
    }
}
