import Cloud
import FanOut
import Inference

/// The share of a rank among the galaxies of all inputs, and the partitions that hold it.
struct RankPart {
    let share: RankShare
    /// Among those of all inputs.
    let galaxies: Range<Int>
    /// Galaxies of all ranks.
    let total: Int
    let inputs: InputsIdentity
    /// When they were written.
    let written: String
    /// Those that have any of the galaxies. Others are let go of: nothing more of them is read.
    let partitions: [PartitionReader]
    /// What tells their files from others.
    let files: [RunIdentity.File]
    /// The same galaxies, counted from the first of `partitions`.
    let rows: Range<Int>

    /// - Parameters:
    ///   - all: the partitions of all ranks, in their order.
    ///   - identities: of their files.
    ///   - limit: of galaxies of all ranks.
    init(_ share: RankShare, of all: [PartitionReader], _ identities: [RunIdentity.File], limit: Int?) {
        self.share = share
        inputs = InputsIdentity(identities)
        written = InputsIdentity.written(identities)
        total = min(limit ?? Int.max, inputs.galaxies)
        galaxies = share.galaxies(of: total)
        var place = 0
        var first: Int?
        var partitions: [PartitionReader] = []
        var files: [RunIdentity.File] = []
        for (partition, file) in zip(all, identities) {
            if galaxies.overlaps(place..<place + partition.count) {
                first = first ?? place
                partitions.append(partition)
                files.append(file)
            }
            place += partition.count
        }
        (self.partitions, self.files) = (partitions, files)
        let start = galaxies.lowerBound - (first ?? galaxies.lowerBound)
        rows = start..<start + galaxies.count
    }
}

/// Writes what `cai merge` asks of a rank beside its output, when that is in its place.
final class RankRecorder {
    private let rank: RankOptions.Rank
    /// Options that change what is computed, by their names.
    private let settings: [String: String]
    private let store: (any ObjectStore)?
    private let place: OutputFile
    private var written: (bytes: Int, sha256: String)?

    /// Checks that it can be written, and tells which rank this is.
    init(
        _ rank: RankOptions.Rank, settings: [String: String], store: (any ObjectStore)?, isQuiet: Bool
    ) throws(InferenceError) {
        self.rank = rank
        self.settings = settings
        self.store = store
        place = try OutputFile(rank.output + RankSidecar.ending, store: store)
        try place.check(sparing: [])
        if !isQuiet { Console.report("notice: \(rank.share) (\(rank.origin)), to \(rank.output)") }
    }

    /// Takes the checksum of the output, which is complete at `path`.
    func note(_ path: String) throws(InferenceError) {
        let (bytes, text) = try FileIdentity.sha256(of: path)
        written = (bytes, text)
    }

    func write(_ outcome: PredictionJob.Outcome, of job: PredictionJob) throws {
        guard let written, let part = outcome.part, let sha256 = outcome.weightsSHA256 else { return }
        let sidecar = RankSidecar(
            share: part.share, total: part.total, inputs: part.inputs, written: part.written,
            weights: RankSidecar.Weights(
                name: job.weights, identity: try FileIdentity.weights(job.weights, sha256: sha256, store: store)),
            settings: settings,
            maker: RankSidecar.Maker(
                version: Cai.configuration.version, instructionSet: outcome.instructionSet.rawValue,
                gemm: outcome.gemm.rawValue),
            output: RankSidecar.Output(
                name: InputList.lastComponent(rank.output), bytes: written.bytes, sha256: written.sha256))
        try sidecar.write(to: place)
    }
}
