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
    /// The partitions that were run, and how it went.
    public let run: GalaxyRun
    /// z_phot of every galaxy, section after section.
    public let redshifts: [Float]

    public var seconds: Double { run.seconds }
    public var threads: Int { run.threads }
    public var galaxiesPerSecond: Double { run.galaxiesPerSecond }
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
        try run.forEachBlock { partition, rows, place throws(InferenceError) in
            try body(
                partition, rows, redshifts[place..<place + rows.count], try partition.redshifts(rows))
        }
    }
}
