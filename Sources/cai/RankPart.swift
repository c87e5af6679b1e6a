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
    /// The same galaxies, counted from the first of `partitions`.
    let rows: Range<Int>

    /// - Parameters:
    ///   - all: the partitions of all ranks, in their order.
    ///   - limit: of galaxies of all ranks.
    init(
        _ share: RankShare, of all: [PartitionReader], limit: Int?, inputs: GalaxyInputs
    ) throws(InferenceError) {
        self.share = share
        self.inputs = try InputsIdentity(all, of: inputs)
        written = InputsIdentity.written(all, of: inputs)
        total = min(limit ?? Int.max, self.inputs.galaxies)
        galaxies = share.galaxies(of: total)
        var place = 0
        var first: Int?
        var partitions: [PartitionReader] = []
        for partition in all {
            if galaxies.overlaps(place..<place + partition.count) {
                first = first ?? place
                partitions.append(partition)
            }
            place += partition.count
        }
        self.partitions = partitions
        let start = galaxies.lowerBound - (first ?? galaxies.lowerBound)
        rows = start..<start + galaxies.count
    }
}
