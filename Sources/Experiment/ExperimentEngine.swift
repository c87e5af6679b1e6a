import Platform

/// How far one run is.
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

/// What a run has left: the bytes of its files, and its times.
public struct RunOutcome: Sendable {
    /// Seconds since 1970.
    let started: Double
    let finished: Double
    let wallSeconds: Double
    let combined: [UInt8]
    let summary: [UInt8]
    /// A file; nil where no predictions are kept here.
    let predictions: String?
    /// The ARN of the execution; nil off AWS.
    let execution: String?
}

/// What runs points: this machine, or AWS.
public protocol ExperimentEngine: Sendable {
    /// Galaxies of a run of that point; nil where that is not known before it.
    func galaxies(of point: ExperimentPoint) -> Int?

    /// Runs a point once.
    /// - Parameters:
    ///   - earlier: an execution of this run that was started and not waited for.
    ///   - replaces: whether results of this run, which are no good, may lie where its own will.
    ///   - started: called with the execution's ARN, off this machine.
    /// - Throws: `Failure` where a rank failed.
    func run(
        _ run: PlannedRun, earlier: String?, replaces: Bool, started: (String) throws(Failure) -> Void,
        progress: @escaping (RunProgress) -> Void
    ) throws(Failure) -> RunOutcome

    /// Lets go of what the run has left elsewhere, now that it is in the tree.
    func clean(_ run: PlannedRun)
}
