/// The part of `experiment.json`, at the root of a tree of results, that describes what the runs were made with. The
/// experiment's record adds its points and runs; reports read this part alone.
public struct ExperimentSetup: Sendable, Equatable, Codable {
    public struct Program: Sendable, Equatable, Codable {
        public let version: String
        /// The version of the source; nil where it was not given.
        public let commit: String?

        public init(version: String, commit: String?) { (self.version, self.commit) = (version, commit) }
    }

    public struct Weights: Sendable, Equatable, Codable {
        /// A path or an `s3://` URL; nil for the weights of the functions on AWS.
        public let name: String?
        public let sha256: String?

        public init(name: String?, sha256: String?) { (self.name, self.sha256) = (name, sha256) }
    }

    public let cai: Program
    public let machine: ExperimentMachine
    public let weights: Weights
    /// Whether galaxies were repeated where there were fewer than a size needs.
    public let isRepeated: Bool

    public init(cai: Program, machine: ExperimentMachine, weights: Weights, isRepeated: Bool) {
        (self.cai, self.machine, self.weights, self.isRepeated) = (cai, machine, weights, isRepeated)
    }

    enum CodingKeys: String, CodingKey {
        case cai, machine, weights
        case isRepeated = "repeat"
    }
}

/// The machine of an experiment.
public struct ExperimentMachine: Sendable, Equatable, Codable {
    /// The processor's name; nil on AWS, where each rank's result names its instruction set and architecture.
    public var processor: String?
    public var architecture: String?
    /// Cores of the machine; nil where unknown.
    public var cores: Int?
    /// Threads that the process may keep busy.
    public var threads: Int?
    public var memoryBytes: Int?
    public var instructionSet: String?
    /// `Debian GNU/Linux 12 (bookworm), Linux 6.1.0`.
    public var system: String?
    /// The ARN of the state machine; nil outside of AWS.
    public var stateMachine: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case processor, architecture, cores, threads, system
        case memoryBytes = "memory_bytes"
        case instructionSet = "instruction_set"
        case stateMachine = "state_machine"
    }

    /// Without the properties that may change on the same machine: usable memory and the version of the system.
    package var essence: ExperimentMachine {
        var essence = self
        (essence.memoryBytes, essence.system) = (nil, nil)
        return essence
    }
}
