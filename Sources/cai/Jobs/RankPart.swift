import Cloud
import Runs
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
