import Inference

/// What `experiment.json` at the root of a tree tells: what was run, with what, on what, and when.
public struct ExperimentRecord: Sendable, Equatable, Codable {
    public struct Program: Sendable, Equatable, Codable {
        public let version: String
        /// Of the source, where somebody said.
        public let commit: String?

        public init(version: String, commit: String?) { (self.version, self.commit) = (version, commit) }
    }

    public struct Weights: Sendable, Equatable, Codable {
        /// A path or an `s3://` URL; nil for those of the functions on AWS.
        public let name: String?
        public let sha256: String?

        public init(name: String?, sha256: String?) { (self.name, self.sha256) = (name, sha256) }
    }

    /// A file of galaxies, or on AWS the place of the partitions.
    public struct Input: Sendable, Equatable, Codable {
        public let name: String
        public let galaxies: Int?

        public init(name: String, galaxies: Int?) { (self.name, self.galaxies) = (name, galaxies) }
    }

    /// A run that is done. Its results are in the folder of that path.
    public struct Run: Sendable, Equatable, Codable {
        public let path: String
        /// Seconds since 1970.
        public let started: Double
        public let finished: Double
        /// By a monotonic clock: listing, weights, all ranks, summary. On AWS the execution's, from start to stop.
        public let wallSeconds: Double
        public let galaxies: Int
        public let galaxiesPerSecond: Double
        /// The execution's ARN; nil off AWS.
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

    public let cai: Program
    public let machine: ExperimentMachine
    public let weights: Weights
    public let inputs: [Input]
    /// Whether galaxies were repeated where they did not suffice.
    public let isRepeated: Bool
    /// Whether predictions were written and kept: then it is a part of what was timed.
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
        self.cai = cai
        self.machine = machine
        self.weights = weights
        self.inputs = inputs
        self.isRepeated = isRepeated
        self.keepsPredictions = keepsPredictions
        self.isWarmedUp = isWarmedUp
        self.points = points
    }

    enum CodingKeys: String, CodingKey {
        case cai, machine, weights, inputs, points, runs, underway
        case isRepeated = "repeat"
        case keepsPredictions = "predictions"
        case isWarmedUp = "warm_up"
    }

    public var plan: ExperimentPlan { ExperimentPlan(points: points) }

    /// What is to be run still, in order.
    public var pending: [PlannedRun] {
        let done = Set(runs.map(\.path))
        return plan.runs.filter { !done.contains($0.path) }
    }
}

/// What an experiment ran on.
public struct ExperimentMachine: Sendable, Equatable, Codable {
    /// The processor's name; nil on AWS, where each rank's result tells what it ran on.
    public var processor: String?
    public var architecture: String?
    /// Cores of the machine; nil where it does not tell.
    public var cores: Int?
    /// Threads that this process may keep busy.
    public var threads: Int?
    public var memoryBytes: Int?
    public var instructionSet: String?
    /// `Debian GNU/Linux 12 (bookworm), Linux 6.1.0`.
    public var system: String?
    /// The ARN of the state machine; nil off AWS.
    public var stateMachine: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case processor, architecture, cores, threads, system
        case memoryBytes = "memory_bytes"
        case instructionSet = "instruction_set"
        case stateMachine = "state_machine"
    }

    /// Without what may change while it stays the same machine: the kernel reserves more or less memory, and is updated.
    var essence: ExperimentMachine {
        var essence = self
        (essence.memoryBytes, essence.system) = (nil, nil)
        return essence
    }
}
