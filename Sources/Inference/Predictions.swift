/// One galaxy's prediction, as files of predictions hold it.
public struct Prediction: Sendable, Equatable {
    public let objectID: String
    /// The partition file's name, without folders.
    public let source: String
    /// Row in the partition, from 0.
    public let row: Int
    /// Photometric redshift: what the network says.
    public let zPhot: Float
    /// Spectroscopic redshift, where the partition has a number for it.
    public let zSpec: Double?
}

/// The redshifts of a run, in the order of its inputs.
public struct Predictions: Sendable {
    /// The galaxies of a partition that were run.
    public struct Section: Sendable {
        public let partition: PartitionReader
        /// Rows of the partition; not empty.
        public let rows: Range<Int>

        public var count: Int { rows.count }
        /// Whether this run answers for the partition's checksums: of the runs that share its galaxies, one does.
        var isVerified: Bool { rows.lowerBound == 0 }
    }

    /// The partitions, in order, and which of their galaxies were run.
    public let sections: [Section]
    /// z_phot of every galaxy, section after section.
    public let redshifts: [Float]
    /// Wall time from the start of the threads to the last redshift: reading the galaxies and comparing their checksums
    /// is in it; opening the files, loading the weights and writing the predictions are not.
    public let seconds: Double
    /// How many threads there were.
    public let threads: Int

    /// Galaxies a second of wall time.
    public var galaxiesPerSecond: Double { seconds > 0 ? Double(redshifts.count) / seconds : 0 }
    /// Galaxies whose redshift is not a finite number: their pixels or magnitudes were not, or are far out of range.
    public var nonFiniteCount: Int { redshifts.count { !$0.isFinite } }

    /// Calls `body` with each galaxy in order. What is known of the galaxies is read a few thousand rows at a time.
    public func forEach(_ body: (Prediction) throws(InferenceError) -> Void) throws(InferenceError) {
        try forEachBlock { partition, rows, zPhot, zSpec throws(InferenceError) in
            let ids = try partition.objectIDs(rows)
            for (index, row) in rows.enumerated() {
                let known = zSpec.flatMap { $0[index].isNaN ? nil : $0[index] }
                try body(
                    Prediction(
                        objectID: ids[index], source: partition.source, row: row,
                        zPhot: zPhot[zPhot.startIndex + index],
                        zSpec: known))
            }
        }
    }

    /// z_phot and z_spec of the galaxies whose partition has redshifts, a NaN not being one: what quality is measured on.
    public func knownRedshifts() throws(InferenceError) -> (predicted: [Double], spectroscopic: [Double]) {
        var predicted: [Double] = []
        var spectroscopic: [Double] = []
        try forEachBlock { _, _, zPhot, zSpec throws(InferenceError) in
            for (zp, zs) in zip(zPhot, zSpec ?? []) where !zs.isNaN {
                predicted.append(Double(zp))
                spectroscopic.append(zs)
            }
        }
        return (predicted, spectroscopic)
    }

    private func forEachBlock(
        _ body: (PartitionReader, Range<Int>, ArraySlice<Float>, [Double]?) throws(InferenceError) -> Void
    ) throws(InferenceError) {
        let blockSize = 4096
        var place = 0
        for section in sections {
            defer { section.partition.release() }
            for start in stride(from: section.rows.lowerBound, to: section.rows.upperBound, by: blockSize) {
                let rows = start..<min(start + blockSize, section.rows.upperBound)
                let first = place + start - section.rows.lowerBound
                let zPhot = redshifts[first..<first + rows.count]
                try body(section.partition, rows, zPhot, try section.partition.redshifts(rows))
            }
            place += section.count
        }
    }
}
