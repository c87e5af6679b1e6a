import Platform

/// How the galaxies of the inputs become a point's partitions.
public struct PartitionSupply: Sendable, Equatable {
    /// Galaxies of all inputs, at least 1.
    public let galaxies: Int
    /// Whether galaxies are repeated where there are too few. All partitions are then full.
    public let isRepeated: Bool

    public init(galaxies: Int, isRepeated: Bool) {
        self.galaxies = max(1, galaxies)
        self.isRepeated = isRepeated
    }

    /// The number of partitions that hold every galaxy once.
    func filled(rows: Int) -> Int { (galaxies - 1) / rows + 1 }

    /// The number of partition files of a point, at most those that hold every galaxy once. Further ranks get the same
    /// files.
    func files(of point: ExperimentPoint) -> Int { min(point.partitions, filled(rows: point.rows)) }

    /// Galaxies of one run.
    public func galaxies(of point: ExperimentPoint) -> Int {
        let full = point.partitions * point.rows
        return isRepeated ? full : min(full, galaxies)
    }

    /// - Throws: `Failure` where there are too few galaxies.
    public func check(_ point: ExperimentPoint) throws(Failure) {
        let filled = filled(rows: point.rows)
        guard isRepeated || filled >= point.partitions else {
            throw Failure(
                "\(point.size): expected galaxies for \(point.partitions) partitions of \(point.partition) MB "
                    + "(\(point.rows) each), found \(galaxies), which fill \(filled): add --repeat to use them again and "
                    + "again, or ask for less")
        }
    }
}
