import Runs

/// `experiment.json` at the root of a tree: the setup of an experiment, its plan and the runs that are done.
public struct ExperimentRecord: Sendable, Equatable {
    public typealias Program = ExperimentSetup.Program
    public typealias Weights = ExperimentSetup.Weights

    /// A file of galaxies, or on AWS the location of the partitions.
    public struct Input: Sendable, Equatable, Codable {
        public let name: String
        public let galaxies: Int?

        public init(name: String, galaxies: Int?) { (self.name, self.galaxies) = (name, galaxies) }
    }

    /// A finished run. Its results are in the folder of that path.
    public struct Run: Sendable, Equatable, Codable {
        public let path: String
        /// Seconds since 1970.
        public let started: Double
        public let finished: Double
        /// By a monotonic clock: listing, weights, all ranks, summary. On AWS the execution's, from start to stop.
        public let wallSeconds: Double
        public let galaxies: Int
        public let galaxiesPerSecond: Double
        /// The execution's ARN; nil outside of AWS.
        public let execution: String?

        enum CodingKeys: String, CodingKey {
            case path, started, finished, galaxies, execution
            case wallSeconds = "wall_s"
            case galaxiesPerSecond = "galaxies_per_s"
        }
    }

    /// An execution on AWS that was started and whose results are not in the tree yet.
    public struct Underway: Sendable, Equatable, Codable {
        public let path: String
        public let execution: String
    }

    public let setup: ExperimentSetup
    public let inputs: [Input]
    /// Whether predictions were written and kept: their time is then a part of what was measured.
    public let keepsPredictions: Bool
    /// Whether a partition was computed before the first run.
    public var isWarmedUp: Bool
    public var points: [ExperimentPoint]
    /// In the order in which they were made.
    public var runs: [Run] = []
    public var underway: Underway?

    public init(
        cai: Program, machine: ExperimentMachine, weights: Weights, inputs: [Input], isRepeated: Bool,
        keepsPredictions: Bool, isWarmedUp: Bool, points: [ExperimentPoint]
    ) {
        setup = ExperimentSetup(cai: cai, machine: machine, weights: weights, isRepeated: isRepeated)
        self.inputs = inputs
        self.keepsPredictions = keepsPredictions
        self.isWarmedUp = isWarmedUp
        self.points = points
    }

    public var cai: Program { setup.cai }
    public var machine: ExperimentMachine { setup.machine }
    public var weights: Weights { setup.weights }
    public var isRepeated: Bool { setup.isRepeated }

    public var plan: ExperimentPlan { ExperimentPlan(points: points) }

    /// The runs that are still to be made, in order.
    public var pending: [PlannedRun] {
        let done = Set(runs.map(\.path))
        return plan.runs.filter { !done.contains($0.path) }
    }
}

/// One JSON object: the keys of the setup and those of the record.
extension ExperimentRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case inputs, points, runs, underway
        case keepsPredictions = "predictions"
        case isWarmedUp = "warm_up"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        setup = try ExperimentSetup(from: decoder)
        inputs = try fields.decode([Input].self, forKey: .inputs)
        keepsPredictions = try fields.decode(Bool.self, forKey: .keepsPredictions)
        isWarmedUp = try fields.decode(Bool.self, forKey: .isWarmedUp)
        points = try fields.decode([ExperimentPoint].self, forKey: .points)
        runs = try fields.decode([Run].self, forKey: .runs)
        underway = try fields.decodeIfPresent(Underway.self, forKey: .underway)
    }

    public func encode(to encoder: any Encoder) throws {
        try setup.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(inputs, forKey: .inputs)
        try fields.encode(keepsPredictions, forKey: .keepsPredictions)
        try fields.encode(isWarmedUp, forKey: .isWarmedUp)
        try fields.encode(points, forKey: .points)
        try fields.encode(runs, forKey: .runs)
        try fields.encodeIfPresent(underway, forKey: .underway)
    }
}
