import Cloud
import Platform

/// Which rank computes which partitions, or which of their rows: in the order of the partitions, those of a rank next to each
/// other.
struct RankShares: Equatable {
    let ranks: Int
    let partitions: [RunManifest.Partition]

    /// Whole partitions: each rank gets ceil(left / ranks left), and surplus ranks get none.
    init(_ objects: [ObjectInfo], ranks: Int) {
        self.ranks = ranks
        var partitions: [RunManifest.Partition] = []
        for rank in 0..<ranks {
            let left = objects.count - partitions.count
            let share = (left + ranks - rank - 1) / (ranks - rank)
            partitions += objects[partitions.count..<partitions.count + share].map {
                RunManifest.Partition($0, rank: rank)
            }
        }
        self.partitions = partitions
    }

    /// Ranks of at most `most` galaxies: partitions that fit are not cut, larger ones are into as few parts as possible, whose
    /// numbers of rows differ by one at most.
    /// - Parameters:
    ///   - galaxies: of each object; nil where they are not known: the object has a rank of its own.
    ///   - isJoined: whether a rank may have several partitions.
    /// - Throws: `Failure` where more ranks would be needed than a run has. Partitions that are not split may be more: each
    ///   is a rank, as without a number of galaxies.
    init(_ objects: [ObjectInfo], galaxies: [Int?], most: Int, isJoined: Bool) throws(Failure) {
        var partitions: [RunManifest.Partition] = []
        var (ranks, free) = (0, 0)
        let mostRanks = isJoined ? InitializeInput.mostRanks : max(InitializeInput.mostRanks, objects.count)
        for (object, count) in zip(objects, galaxies) {
            let parts = count.map { ($0 - 1) / most + 1 } ?? 1
            guard ranks + parts <= mostRanks else {
                throw Failure(
                    .usage,
                    "the input: rank_galaxies: expected at most \(mostRanks) ranks, found more: "
                        + "\(most) galaxies a rank are too few")
            }
            if let count, parts == 1, isJoined, count <= free {
                free -= count
            } else {
                ranks += parts
                free = parts == 1 ? count.map { most - $0 } ?? 0 : 0
            }
            for part in 0..<parts {
                let share = RankShare(rank: part, worldSize: parts)
                let rows = parts > 1 ? count.flatMap { share?.galaxies(of: $0) } : nil
                partitions.append(
                    RunManifest.Partition(object, rank: ranks - parts + part, galaxies: count, rows: rows))
            }
        }
        (self.ranks, self.partitions) = (ranks, partitions)
    }
}

extension RunManifest.Partition {
    fileprivate init(_ object: ObjectInfo, rank: Int, galaxies: Int? = nil, rows: Range<Int>? = nil) {
        (key, size, etag, self.rank) = (object.key, object.size, object.etag, rank)
        (self.galaxies, self.rows) = (galaxies, rows)
    }
}
