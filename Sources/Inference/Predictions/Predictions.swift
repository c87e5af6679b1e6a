import Platform

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
    /// Why `zPhot` is NaN; empty where it is not.
    public var flags: PredictionFlags = []
}

/// The redshifts of a run, in the order of its inputs.
public struct Predictions: Sendable {
    /// The partitions that were run, and how it went.
    public let run: GalaxyRun
    /// z_phot of every galaxy, section after section.
    public let redshifts: [Float]
    /// Why some of them are NaN; empty for the others.
    public let flags: [PredictionFlags]

    public var seconds: Double { run.seconds }
    public var threads: Int { run.threads }
    public var galaxiesPerSecond: Double { run.galaxiesPerSecond }
    /// Galaxies that have no redshift but NaN, by the reason.
    public var flagCounts: FlagCounts { FlagCounts(flags) }

    /// Calls `body` with each galaxy in order. What is known of the galaxies is read a few thousand rows at a time.
    public func forEach(_ body: (Prediction) throws(Failure) -> Void) throws(Failure) {
        try forEachBlock { partition, rows, place, zSpec throws(Failure) in
            let ids = try partition.objectIDs(rows)
            for (index, row) in rows.enumerated() {
                let known = zSpec.flatMap { $0[index].isNaN ? nil : $0[index] }
                try body(
                    Prediction(
                        objectID: ids[index], source: partition.source, row: row,
                        zPhot: redshifts[place + index], zSpec: known, flags: flags[place + index]))
            }
        }
    }

    /// z_phot and z_spec of the galaxies whose partition has redshifts, a NaN not being one: what quality is measured on.
    public func knownRedshifts() throws(Failure) -> (predicted: [Double], spectroscopic: [Double]) {
        var predicted: [Double] = []
        var spectroscopic: [Double] = []
        try forEachBlock { _, rows, place, zSpec throws(Failure) in
            for (zp, zs) in zip(redshifts[place..<place + rows.count], zSpec ?? []) where !zs.isNaN {
                predicted.append(Double(zp))
                spectroscopic.append(zs)
            }
        }
        return (predicted, spectroscopic)
    }

    private func forEachBlock(
        _ body: (PartitionReader, Range<Int>, Int, [Double]?) throws(Failure) -> Void
    ) throws(Failure) {
        try run.forEachBlock { partition, rows, place throws(Failure) in
            try body(partition, rows, place, try partition.redshifts(rows))
        }
    }
}
