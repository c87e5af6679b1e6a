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
    /// In the network's bands; empty where they are not written.
    public var magnitudes: [Float] = []
    /// In the band that the intervals depend on; NaN where they depend on none.
    public var binnedMagnitude = Float.nan
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
    /// The bands of the galaxies' magnitudes, a letter each: the network's.
    public var bands = GalaxyLayout.networkBands
    /// Adds the magnitudes to the rows that are written. A `.npy` array holds none.
    public var writesMagnitudes = false

    /// The columns of the magnitudes that are written: `mag_u`, `mag_g`, ...
    var magnitudeColumns: [String] { writesMagnitudes ? bands.map { BinnedQuantity.magnitude($0).column } : [] }

    public var seconds: Double { run.seconds }
    public var threads: Int { run.threads }
    public var galaxiesPerSecond: Double { run.galaxiesPerSecond }

    /// Calls `body` with each galaxy in order. Ids, known redshifts and magnitudes are read a few thousand rows at a
    /// time.
    public func forEach(_ body: (Prediction) throws(Failure) -> Void) throws(Failure) {
        try forEachBlock { partition, rows, place, zSpec throws(Failure) in
            let ids = try partition.objectIDs(rows)
            let band = calibration?.by.band.flatMap { bands.firstIndex(of: $0) }
                .map { bands.distance(from: bands.startIndex, to: $0) }
            let magnitudes = writesMagnitudes || band != nil ? try partition.magnitudes(rows, of: bands) : []
            for (index, row) in rows.enumerated() {
                let known = zSpec.flatMap { partition.unknown($0[index]) == nil ? $0[index] : nil }
                let first = index * bands.count
                try body(
                    Prediction(
                        objectID: ids[index], source: partition.source, row: row,
                        zPhot: redshifts[place + index], zSpec: known, flags: flags[place + index],
                        magnitudes: writesMagnitudes ? Array(magnitudes[first..<first + bands.count]) : [],
                        binnedMagnitude: band.map { magnitudes[first + $0] } ?? .nan))
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
