import Platform

/// The progress of one run.
public struct RunProgress: Sendable, Equatable {
    public enum Unit: String, Sendable {
        case galaxies, ranks
    }

    public let done: Int
    public let total: Int
    public let unit: Unit

    public init(done: Int, total: Int, unit: Unit) { (self.done, self.total, self.unit) = (done, total, unit) }

    var share: Double { total > 0 ? min(1, Double(done) / Double(total)) : 0 }
}

/// The outcome of a run: the bytes of its files, and its times.
public struct RunOutcome: Sendable {
    /// Seconds since 1970.
    let started: Double
    let finished: Double
    let wallSeconds: Double
    let combined: [UInt8]
    let summary: [UInt8]
    /// A path; nil where no predictions are kept here.
    let predictions: String?
    /// The ARN of the execution; nil outside of AWS.
    let execution: String?
}

/// Runs points, on this machine or on AWS.
public protocol ExperimentEngine: Sendable {
    /// Galaxies of a run of the point; nil where unknown before the run.
    func galaxies(of point: ExperimentPoint) -> Int?

    /// Runs a point once.
    /// - Parameters:
    ///   - earlier: an execution of this run that was started earlier and not awaited.
    ///   - replaces: whether invalid results of this run may exist and are replaced.
    ///   - started: called with the execution's ARN, on AWS.
    /// - Throws: `Failure` where a rank failed.
    func run(
        _ run: PlannedRun, earlier: String?, replaces: Bool, started: (String) throws(Failure) -> Void,
        progress: @escaping (RunProgress) -> Void
    ) throws(Failure) -> RunOutcome

    /// Removes the run's files outside of the tree.
    func clean(_ run: PlannedRun)
}
