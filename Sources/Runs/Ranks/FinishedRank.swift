import Inference
import Platform
import TensorFiles

/// What lies where a rank's part goes, before that is computed.
///
/// A sidecar is written last, and says what the part was made from: beside a part of the bytes that it states, of the run
/// that goes on, there is nothing to compute. One of another run is refused, as a journal of one is: somebody's finished
/// rows are not to be lost by a word too many. But what proves nothing (a part that was changed, cut short or is gone, a
/// sidecar that is none) is computed again, as records of a journal that are not whole are, and as `cai merge` asks of the
/// rank when it refuses such a part: the command that it asks to be run again is this one.
public enum FinishedRank {
    case none
    /// Why what is there does not count.
    case doubtful(String)
    /// z_phot of its galaxies, in their order.
    case whole([Float])

    /// - Parameters:
    ///   - output: the part, a file here.
    ///   - expected: what would be written beside it now; its checksum is not known yet, and not looked at.
    /// - Throws: `Failure` where the part is whole, and of another run.
    public static func find(_ output: String, expected: RankSidecar) throws(Failure) -> FinishedRank {
        let part: RankOutputs.Part
        do throws(Failure) {
            guard let sidecar = try RankOutputs.sidecar(of: output, nil) else { return .none }
            part = RankOutputs.Part(name: output, sidecar: sidecar)
        } catch {
            return .doubtful(error.description)
        }
        let source: (any ByteSource)?
        do throws(Failure) { source = try part.open(nil) } catch { return .doubtful(error.description) }
        try expected.check(part)
        // As files of a journal whose checksums were not compared: a copy, or one that was mended since.
        guard let written = part.sidecar.written, written == expected.written else {
            return .doubtful("\(output): its inputs were written at other times than those of now")
        }
        do throws(Failure) { return .whole(try part.redshifts(source)) } catch {
            return .doubtful(error.description)
        }
    }
}

extension RankSidecar {
    /// Checks that a part is of the run that this is to lie beside.
    fileprivate func check(_ part: RankOutputs.Part) throws(Failure) {
        let (left, earlier) = (EarlierRun(name: part.name + Self.ending), part.sidecar)
        try left.check(was: (earlier.weights, earlier.settings, earlier.maker), is: (weights, settings, maker))
        try left.check("ranks", was: [earlier.rank, earlier.worldSize], is: [rank, worldSize]) {
            "rank \($0[0]) of \($0[1])"
        }
        try left.check("inputs", was: earlier.inputs, is: inputs, \.text)
        try left.check("galaxies", was: earlier.total, is: total)
    }
}
