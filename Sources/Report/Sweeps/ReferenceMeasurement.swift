import Platform

/// A measurement from another source, drawn next to runs: a row of `docs/results/reference.csv`, whose columns
/// `docs/results/README.md` explains.
public struct ReferenceMeasurement: Sendable, Equatable {
    public enum Quantity: String, Sendable, CaseIterable {
        /// Mean computing time of a rank, without outliers.
        case rankSeconds = "rank_s"
        case sumOfRanks = "sum_of_ranks_bps"
        case wallSeconds = "wall_s"
        case mapSeconds = "map_s"
        case workerRate = "worker_galaxies_per_s"
    }

    public let quantity: Quantity
    public let value: Double
    /// Of the runs that `value` is the mean of; nil where there was one.
    public let range: ClosedRange<Double>?
    public let partition: Double?
    public let gigabytes: Double?
    public let batchSize: Int?
    public let galaxies: Int?
    public let hardware: String
    public let source: String

    /// All rows of a file.
    /// - Throws: `Failure` naming the file, the line and the column.
    public static func read(csvFile path: String) throws(Failure) -> [ReferenceMeasurement] {
        try read(csv: try FileBytes.read(path), name: path)
    }

    static func read(csv bytes: [UInt8], name: String) throws(Failure) -> [ReferenceMeasurement] {
        var measurements: [ReferenceMeasurement] = []
        for row in try NamedColumns(csv: bytes, name: name).rows {
            measurements.append(try ReferenceMeasurement(row))
        }
        return measurements
    }

    private init(_ row: NamedColumns.Row) throws(Failure) {
        let name = try row.text("quantity")
        guard let quantity = Quantity(rawValue: name) else {
            let known = Quantity.allCases.map(\.rawValue).joined(separator: ", ")
            throw row.error("quantity", expected: "one of \(known)")
        }
        self.quantity = quantity
        value = try row.number("value")
        let (low, high) = (try row.optionalNumber("low"), try row.optionalNumber("high"))
        if let low, let high {
            guard low <= high else { throw row.error("low", expected: "no more than high") }
            range = low...high
        } else {
            range = nil
        }
        partition = try row.optionalNumber("partition_mb")
        gigabytes = try row.optionalNumber("data_gb")
        batchSize = try row.optionalNumber("batch_size").map { Int($0) }
        galaxies = try row.optionalNumber("galaxies").map { Int($0) }
        hardware = try row.text("hardware")
        source = try row.text("source")
    }
}
