import Runs
import Inference
import Platform

/// A setting that is measured in one or more runs.
public struct ExperimentPoint: Sendable, Equatable, Codable {
    /// Its folder in the tree: `result-partition-25MB/1GB/Batches/32`.
    public let path: String
    /// MB.
    public let partition: Int
    /// The data size by name, and in GB.
    public let size: String
    public let gigabytes: Double
    public let batchSize: Int
    /// nil on AWS, where the memory of the functions decides.
    public let threads: Int?
    /// Partitions, one for each rank.
    public let partitions: Int
    public internal(set) var runs: Int
    /// The sweeps that it belongs to.
    public internal(set) var sweeps: [String]

    enum CodingKeys: String, CodingKey {
        case path, size, threads, partitions, runs, sweeps
        case partition = "partition_mb"
        case gigabytes = "data_gb"
        case batchSize = "batch_size"
    }

    /// How many runs a point may have.
    public static let runCounts = 1...1000

    /// A variable with folders of its own.
    enum Variation {
        case batches(Int)
        case threads(Int)
    }

    static func path(partition: Int, size: String, _ variation: Variation?) -> String {
        let folder =
            switch variation {
            case .batches(let count): "/Batches/\(count)"
            case .threads(let count): "/Threads/\(count)"
            case nil: ""
            }
        return "result-partition-\(partition)MB/\(size)\(folder)"
    }

    /// Galaxies of each partition.
    var rows: Int { PartitionSplit.rowsByMegabytes[partition] ?? 1 }

    /// Whether it is the same setting, whatever its sweeps and number of runs.
    func isSame(as other: ExperimentPoint) -> Bool {
        var other = other
        (other.runs, other.sweeps) = (runs, sweeps)
        return self == other
    }
}

/// The values of variables that are not varied.
public struct ExperimentDefaults: Sendable, Equatable {
    public var size: DataVolume
    public var batchSize: Int
    /// MB.
    public var partition: Int
    /// nil on AWS.
    public var threads: Int?

    public init(size: DataVolume, batchSize: Int, partition: Int, threads: Int?) {
        (self.size, self.batchSize, self.partition, self.threads) = (size, batchSize, partition, threads)
    }
}

/// The settings that are measured, and how often.
public struct ExperimentPlan: Sendable, Equatable {
    public private(set) var points: [ExperimentPoint] = []

    /// Each sweep keeps the other variables at their defaults, as the published ones did; without a sweep only the
    /// defaults are measured.
    /// - Parameter isGrid: every partition size is combined with every data size, and batch sizes and threads are varied
    ///   for each pair.
    /// - Throws: `Failure` for a point of more ranks than a run can have, and for more than 100,000 runs.
    public init(sweeps: [Sweep], defaults: ExperimentDefaults, runs: Int, isGrid: Bool) throws(Failure) {
        var sizes: [DataVolume] = []
        var partitions: [Int] = []
        for sweep in sweeps {
            if case .dataSize(let values) = sweep { sizes += values }
            if case .partition(let values) = sweep { partitions += values }
        }
        func measure(
            _ partition: Int, _ size: DataVolume, batch: Int? = nil, threads: Int? = nil, _ sweep: Sweep.Variable?
        ) {
            let variation: ExperimentPoint.Variation? = batch.map { .batches($0) } ?? threads.map { .threads($0) }
            let rows = PartitionSplit.rowsByMegabytes[partition] ?? 1
            add(
                ExperimentPoint(
                    path: ExperimentPoint.path(partition: partition, size: size.name, variation),
                    partition: partition, size: size.name, gigabytes: size.gigabytes,
                    batchSize: batch ?? defaults.batchSize, threads: threads ?? defaults.threads,
                    partitions: size.partitions(megabytes: partition, rows: rows), runs: runs,
                    sweeps: sweep.map { [$0.rawValue] } ?? []))
        }
        if isGrid, !sizes.isEmpty, !partitions.isEmpty {
            for partition in partitions {
                for size in sizes {
                    measure(partition, size, .dataSize)
                    measure(partition, size, .partition)
                }
            }
        } else {
            for size in sizes { measure(defaults.partition, size, .dataSize) }
            for partition in partitions { measure(partition, defaults.size, .partition) }
        }
        let centres =
            isGrid
            ? (partitions.isEmpty ? [defaults.partition] : partitions).flatMap { partition in
                (sizes.isEmpty ? [defaults.size] : sizes).map { (partition, $0) }
            } : [(defaults.partition, defaults.size)]
        for (partition, size) in centres {
            for sweep in sweeps {
                switch sweep {
                case .batchSize(let values): for value in values { measure(partition, size, batch: value, .batchSize) }
                case .threads(let values): for value in values { measure(partition, size, threads: value, .threads) }
                case .dataSize, .partition: break
                }
            }
        }
        if sweeps.isEmpty { measure(defaults.partition, defaults.size, nil) }
        for point in points where point.partitions > InitializeInput.mostRanks {
            throw Failure(
                "\(point.size): expected at most \(InitializeInput.mostRanks) partitions, found \(point.partitions) of "
                    + "\(point.partition) MB")
        }
        try checkLength()
    }

    /// - Throws: `Failure` above the run limit, since `runs` allocates a list of them.
    func checkLength() throws(Failure) {
        let count = points.reduce(0) { $0 + $1.runs }
        guard count <= Self.mostRuns else {
            throw Failure("expected at most \(Self.mostRuns) runs in all, found \(count)")
        }
    }

    private static let mostRuns = 100_000

    init(points: [ExperimentPoint]) { self.points = points }

    /// Adds a point, or its runs and sweeps to the present point of the same path.
    mutating func add(_ point: ExperimentPoint) {
        guard let index = points.firstIndex(where: { $0.path == point.path }) else {
            points.append(point)
            return
        }
        points[index].runs = max(points[index].runs, point.runs)
        points[index].sweeps += point.sweeps.filter { !points[index].sweeps.contains($0) }
    }

    /// Runs in the order in which they are made: the first of every point, then the second of every point, so that a
    /// machine that becomes slower in the course of hours does not do so for one point alone.
    public var runs: [PlannedRun] {
        let most = points.map(\.runs).max() ?? 0
        return (0..<most).flatMap { run in
            points.filter { run < $0.runs }.map { PlannedRun(point: $0, number: run + 1) }
        }
    }
}

/// One run of a point.
public struct PlannedRun: Sendable, Equatable {
    public let point: ExperimentPoint
    /// From 1.
    public let number: Int

    public init(point: ExperimentPoint, number: Int) { (self.point, self.number) = (point, number) }

    /// Its folder in the tree.
    public var path: String { "\(point.path)/\(number)" }
}
