import Inference
import Platform

/// How the galaxies of the inputs become a point's partitions.
public struct PartitionSupply: Sendable, Equatable {
    /// Galaxies of all inputs, at least 1.
    public let galaxies: Int
    /// Whether galaxies come again where they do not suffice. All partitions are then full.
    public let isRepeated: Bool

    public init(galaxies: Int, isRepeated: Bool) {
        self.galaxies = max(1, galaxies)
        self.isRepeated = isRepeated
    }

    /// Partitions with which every galaxy is in one.
    func filled(rows: Int) -> Int { (galaxies - 1) / rows + 1 }

    /// How many files a point's partitions are: no more than hold every galaxy. Further ranks are given the same again.
    func files(of point: ExperimentPoint) -> Int { min(point.partitions, filled(rows: point.rows)) }

    /// Galaxies of one run.
    public func galaxies(of point: ExperimentPoint) -> Int {
        let full = point.partitions * point.rows
        return isRepeated ? full : min(full, galaxies)
    }

    /// - Throws: `Failure` where there are not enough galaxies.
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
