import Platform

/// A finished run: its galaxies and its duration.
public struct GalaxyRun: Sendable {
    /// The galaxies of a partition that were run.
    public struct Section: Sendable {
        public let partition: PartitionReader
        /// Rows of the partition; not empty.
        public let rows: Range<Int>
        /// The indices of its galaxies among all of the run.
        public let places: Range<Int>

        public var count: Int { rows.count }
        /// Whether this run compares the partition's checksums: of the runs that share its galaxies, exactly one does.
        var isVerified: Bool { rows.lowerBound == 0 }
    }

    /// A galaxy's name.
    public struct Galaxy: Sendable, Equatable {
        /// The file's own id, or `label:row`.
        public let objectID: String
        /// The partition file's name, without folders.
        public let source: String
        /// Row in the partition, from 0.
        public let row: Int
    }

    /// The partitions, in order, and which of their galaxies were run.
    public let sections: [Section]
    /// Galaxies computed by this run; the others were resumed.
    public let computed: Int
    /// Wall time from the start of the threads to the last galaxy. It includes reading the galaxies and comparing their
    /// checksums, but not opening the files, loading the weights and writing the output.
    public let seconds: Double
    /// The number of threads.
    public let threads: Int

    /// The number of galaxies of the run.
    public var count: Int { sections.galaxyCount }
    /// Galaxies a second of wall time.
    public var galaxiesPerSecond: Double { seconds > 0 ? Double(computed) / seconds : 0 }

    /// The number of galaxies of a run over the partitions.
    public static func count(of partitions: [PartitionReader], limit: Int?) -> Int {
        sections(of: partitions, limit: limit).galaxyCount
    }

    /// The partitions that have any of the first `limit` galaxies; nil for all.
    public static func sections(of partitions: [PartitionReader], limit: Int?) -> [Section] {
        sections(of: partitions, galaxies: 0..<(limit ?? Int.max))
    }

    /// The partitions that have any of the galaxies, which are counted from the first of all partitions.
    public static func sections(of partitions: [PartitionReader], galaxies: Range<Int>) -> [Section] {
        var place = 0
        var taken = 0
        var sections: [Section] = []
        for partition in partitions {
            let here = galaxies.clamped(to: place..<place + partition.count)
            if !here.isEmpty {
                let rows = here.lowerBound - place..<here.upperBound - place
                sections.append(Section(partition: partition, rows: rows, places: taken..<taken + rows.count))
                taken += rows.count
            }
            place += partition.count
        }
        return sections
    }

    /// The partitions with some of their rows each; nil for all of them.
    /// - Parameter rows: of each partition, not empty; an empty list for all rows of all partitions.
    /// - Throws: `Failure` where a partition has fewer rows.
    public static func sections(of partitions: [PartitionReader], rows: [Range<Int>?]) throws(Failure) -> [Section] {
        var place = 0
        var sections: [Section] = []
        for (index, partition) in partitions.enumerated() {
            let rows = index < rows.count ? rows[index] ?? 0..<partition.count : 0..<partition.count
            guard rows.upperBound <= partition.count else {
                throw Failure(
                    partition.path, "expected at least \(rows.upperBound) galaxies, found \(partition.count)")
            }
            sections.append(Section(partition: partition, rows: rows, places: place..<place + rows.count))
            place += rows.count
        }
        return sections
    }

    /// Calls `body` with each galaxy in order, and its index among all. Ids are read a few thousand rows at a time.
    public func forEachGalaxy(_ body: (Galaxy, Int) throws(Failure) -> Void) throws(Failure) {
        try forEachBlock { partition, rows, place throws(Failure) in
            let ids = try partition.objectIDs(rows)
            for (index, row) in rows.enumerated() {
                try body(Galaxy(objectID: ids[index], source: partition.source, row: row), place + index)
            }
        }
    }

    /// Calls `body` with 4,096 rows of a partition at a time, and the index of the first among all galaxies. Releases a
    /// partition after its last row.
    func forEachBlock(_ body: (PartitionReader, Range<Int>, Int) throws(Failure) -> Void) throws(Failure) {
        let blockSize = 4096
        for section in sections {
            defer { section.partition.release() }
            let all = section.rows
            for start in stride(from: all.lowerBound, to: all.upperBound, by: blockSize) {
                let rows = start..<min(start + blockSize, all.upperBound)
                try body(section.partition, rows, section.places.lowerBound + start - all.lowerBound)
                // Ids and redshifts of the block were read from the file, too.
                try section.partition.checkIntact()
            }
        }
    }
}

extension [GalaxyRun.Section] {
    /// The number of galaxies in all sections.
    public var galaxyCount: Int { reduce(0) { $0 + $1.count } }
}
