import Platform

/// One galaxy's prediction: a row of a file of predictions.
public struct Prediction: Sendable, Equatable {
    public let objectID: String
    /// The partition file's name, without folders.
    public let source: String
    /// Row in the partition, from 0.
    public let row: Int
    /// Photometric redshift: the network's result.
    public let zPhot: Float
    /// Spectroscopic redshift; nil where the partition has none.
    public let zSpec: Double?
    /// Why `zPhot` is NaN; empty where it is not.
    public var flags: PredictionFlags = []
}

/// The redshifts of a run, in the order of its inputs.
public struct Predictions: Sendable {
    /// The partitions and the duration of the run.
    public let run: GalaxyRun
    /// z_phot of every galaxy, section after section.
    public let redshifts: [Float]
    /// Why a redshift is NaN; empty where it is not.
    public let flags: [PredictionFlags]
    /// The number of galaxies whose redshift is NaN, by reason.
    public let flagCounts: FlagCounts
    /// Adds intervals to the rows that are written; nil for none. A `.npy` array holds none.
    public var calibration: Calibration?

    public var seconds: Double { run.seconds }
    public var threads: Int { run.threads }
    public var galaxiesPerSecond: Double { run.galaxiesPerSecond }

    /// Calls `body` with each galaxy in order. Ids and known redshifts are read a few thousand rows at a time.
    public func forEach(_ body: (Prediction) throws(Failure) -> Void) throws(Failure) {
        try forEachBlock { partition, rows, place, zSpec throws(Failure) in
            let ids = try partition.objectIDs(rows)
            for (index, row) in rows.enumerated() {
                let known = zSpec.flatMap { partition.unknown($0[index]) == nil ? $0[index] : nil }
                try body(
                    Prediction(
                        objectID: ids[index], source: partition.source, row: row,
                        zPhot: redshifts[place + index], zSpec: known, flags: flags[place + index]))
            }
        }
    }

    /// z_phot and z_spec of the galaxies with a known redshift, the input of `Quality`; and how many are unknown, where the
    /// inputs have redshifts at all.
    public func knownRedshifts() throws(Failure) -> (
        predicted: [Double], spectroscopic: [Double], unknown: UnknownRedshifts
    ) {
        var predicted: [Double] = []
        var spectroscopic: [Double] = []
        var unknown = UnknownRedshifts()
        try forEachBlock { partition, rows, place, zSpec throws(Failure) in
            for (zp, zs) in zip(redshifts[place..<place + rows.count], zSpec ?? []) {
                if let reason = partition.unknown(zs) {
                    unknown.insert(reason)
                } else {
                    predicted.append(Double(zp))
                    spectroscopic.append(zs)
                }
            }
        }
        return (predicted, spectroscopic, unknown)
    }

    private func forEachBlock(
        _ body: (PartitionReader, Range<Int>, Int, [Double]?) throws(Failure) -> Void
    ) throws(Failure) {
        try run.forEachBlock { partition, rows, place throws(Failure) in
            try body(partition, rows, place, try partition.redshifts(rows))
        }
    }
}
