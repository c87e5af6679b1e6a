import Inference

/// The galaxies of one rank among those of all inputs.
public struct RankPart: Sendable {
    public let share: RankShare
    /// Of the rank, among those of all inputs.
    public let galaxies: Range<Int>
    /// Galaxies of all ranks.
    public let total: Int
    let inputs: InputsIdentity
    /// `InputsIdentity.written`
    let written: String
    /// The rank's galaxies. Files without any of them are released: nothing more of them is read.
    let sections: [GalaxyRun.Section]
    /// The files of `sections`.
    let files: [RunIdentity.File]
    /// The rank's galaxies, counted from the first galaxy of the first of `files`.
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
        var position = 0
        var first: Int?
        var partitions: [PartitionReader] = []
        var files: [RunIdentity.File] = []
        for (partition, file) in zip(all, identities) {
            if galaxies.overlaps(position..<position + partition.count) {
                first = first ?? position
                partitions.append(partition)
                files.append(file)
            }
            position += partition.count
        }
        self.files = files
        let start = galaxies.lowerBound - (first ?? galaxies.lowerBound)
        rows = start..<start + galaxies.count
        sections = GalaxyRun.sections(of: partitions, galaxies: rows)
    }
}
