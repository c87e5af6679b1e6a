import AstroMAE
import Inference
import Platform

/// The galaxies of one rank among those of all inputs.
public struct RankPart: Sendable {
    public let share: RankShare
    /// Of the rank, among those of all inputs; where shares are whole files, among the rank's own.
    public let galaxies: Range<Int>
    /// Galaxies of all ranks; where shares are whole files, the rank's own.
    public let total: Int
    /// nil where shares are galaxies.
    public let wholeFiles: WholeFiles?
    /// The files of all ranks; where shares are whole files, the rank's own.
    let inputs: InputsIdentity
    /// `InputsIdentity.written`
    let written: String
    /// The rank's galaxies. Files without any of them are released: nothing more of them is read.
    let sections: [GalaxyRun.Section]
    /// The files of `sections`.
    let files: [RunIdentity.File]
    /// The rank's galaxies, counted from the first galaxy of the first of `files`.
    let rows: Range<Int>
    /// The first of the rank's galaxies among those of all ranks; where shares are whole files, and no row depends on it, 0.
    var start: Int { wholeFiles?.firstGalaxy ?? galaxies.lowerBound }

    /// Opens the rank's files; without an index, and where shares are galaxies, all files.
    /// - Parameters:
    ///   - index: of the inputs, in their order, and its name; nil for none.
    ///   - limit: of galaxies of all ranks; where shares are whole files it has no meaning.
    /// - Throws: `Failure` for a file that is not valid, or not the one that the index describes.
    init(
        _ share: RankShare, of unit: ShareUnit, _ inputs: GalaxyInputs, for network: some CutoutNetwork,
        index: (GalaxyIndex, name: String)?, limit: Int?
    ) throws(Failure) {
        switch (unit, index) {
        case (.files, _): try self.init(share, filesOf: inputs, for: network, index: index)
        case (.galaxies, let index?):
            let all = Self.first(limit, of: index.0.identities(of: inputs))
            let own = Self.files(with: share, among: all, limit: limit)
            let partitions = try inputs.partitions(
                for: network, of: own.indices, first: own.before, total: index.0.galaxies)
            let opened = try inputs.identities(of: partitions)
            try index.0.check(opened, from: own.indices.lowerBound, name: index.name)
            var files = all
            files.replaceSubrange(own.indices, with: opened)
            self.init(share, partitions, from: own.indices.lowerBound, of: files, limit: limit)
        case (.galaxies, nil):
            let all = try inputs.partitions(for: network, limit: limit)
            self.init(share, all, from: 0, of: try inputs.identities(of: all), limit: limit)
        }
    }

    /// - Parameters:
    ///   - opened: at least the partitions that have galaxies of the rank.
    ///   - first: the index of the first of them in `all`.
    ///   - all: the files of all ranks.
    private init(
        _ share: RankShare, _ opened: [PartitionReader], from first: Int, of all: [RunIdentity.File], limit: Int?
    ) {
        let own = Self.files(with: share, among: all, limit: limit)
        (self.share, galaxies, total, wholeFiles) = (share, own.galaxies, own.total, nil)
        (inputs, written) = (InputsIdentity(all), InputsIdentity.written(all))
        files = Array(all[own.indices])
        let start = galaxies.isEmpty ? 0 : galaxies.lowerBound - own.before
        rows = start..<start + galaxies.count
        sections = GalaxyRun.sections(of: own.indices.map { opened[$0 - first] }, galaxies: rows)
    }

    /// Whole files, by the bytes of the listing.
    private init(
        _ share: RankShare, filesOf inputs: GalaxyInputs, for network: some CutoutNetwork,
        index: (GalaxyIndex, name: String)?
    ) throws(Failure) {
        let listed = try inputs.files.map { file throws(Failure) in try inputs.listed(file.path) }
        let own = share.files(of: listed.map(\.bytes))
        let before = index.map { index in index.0.files[..<own.lowerBound].reduce(0) { $0 + $1.galaxies } }
        let partitions = try inputs.partitions(for: network, of: own, first: before, total: index?.0.galaxies)
        files = try inputs.identities(of: partitions)
        try index?.0.check(files, from: own.lowerBound, name: index?.name ?? "")
        let isByRow = inputs.layout.table.map { !$0.hasIDs } ?? false
        wholeFiles = WholeFiles(
            WholeFiles.Listing(inputs, listed), first: own.lowerBound, opened: files,
            firstGalaxy: isByRow && !own.isEmpty ? before : nil)
        (self.share, self.inputs, written) = (share, InputsIdentity(files), InputsIdentity.written(files))
        total = self.inputs.galaxies
        (galaxies, rows) = (0..<total, 0..<total)
        sections = GalaxyRun.sections(of: partitions, galaxies: rows)
    }

    /// The files that have any of the first `limit` galaxies.
    private static func first(_ limit: Int?, of files: [RunIdentity.File]) -> [RunIdentity.File] {
        var count = 0
        return Array(
            files.prefix { file in
                defer { count += file.galaxies }
                return count < limit ?? Int.max
            })
    }

    /// The galaxies of a rank, the files that have any of them, and the number of galaxies before these files.
    private static func files(
        with share: RankShare, among all: [RunIdentity.File], limit: Int?
    ) -> (galaxies: Range<Int>, total: Int, indices: Range<Int>, before: Int) {
        let total = min(limit ?? Int.max, all.reduce(0) { $0 + $1.galaxies })
        let galaxies = share.galaxies(of: total)
        var (position, before, indices) = (0, 0, 0..<0)
        for (index, file) in all.enumerated() {
            let end = position + file.galaxies
            if galaxies.overlaps(position..<end) {
                if indices.isEmpty { (before, indices) = (position, index..<index) }
                indices = indices.lowerBound..<index + 1
            }
            position = end
        }
        return (galaxies, total, indices, before)
    }
}
