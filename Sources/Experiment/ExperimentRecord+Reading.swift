import Runs
import FoundationEssentials
import Platform

extension ExperimentRecord {
    /// Reads an untrusted `experiment.json`: its paths become folders, and its counts the lengths of lists.
    /// - Parameter name: the file's name in errors.
    /// - Throws: `Failure` naming the first value that no experiment writes.
    init(json bytes: [UInt8], name: String) throws(Failure) {
        do {
            self = try JSONDecoder().decode(ExperimentRecord.self, from: Data(bytes))
        } catch {
            throw Failure("\(name): expected the record of an experiment, found something else")
        }
        var paths: Set<String> = []
        for (index, point) in points.enumerated() {
            if let fault = point.fault { throw Failure("\(name): points[\(index)].\(fault)") }
            guard paths.insert(point.path).inserted else {
                throw Failure("\(name): points[\(index)].path: expected another one, found \(point.path) again")
            }
        }
        try plan.checkLength()
        for (index, run) in runs.enumerated() where !(0...1 << 40).contains(run.galaxies) || run.wallSeconds < 0 {
            throw Failure("\(name): runs[\(index)]: expected galaxies and seconds of 0 or more, found others")
        }
    }
}

extension ExperimentPoint {
    /// The first value that no plan has: key, expected and found; nil for a valid point.
    fileprivate var fault: String? {
        func range<Number>(_ key: String, _ value: Number, _ range: ClosedRange<Number>) -> String? {
            range.contains(value) ? nil : "\(key): expected \(range.lowerBound) to \(range.upperBound), found \(value)"
        }
        if !Sweep.partitions.contains(partition) {
            return "partition_mb: expected 25, 50, 75 or 100, found \(partition)"
        }
        if DataVolume(size) == nil { return "size: expected one such as 1GB, found '\(size.shortened())'" }
        if !paths.contains(path) { return "path: expected \(paths[0]), found '\(path.shortened())'" }
        return range("data_gb", gigabytes, 1e-3...1e6) ?? range("batch_size", batchSize, Sweep.batchSizes)
            ?? threads.flatMap { range("threads", $0, Sweep.threadCounts) }
            ?? range("partitions", partitions, 1...InitializeInput.mostRanks) ?? range("runs", runs, Self.runCounts)
    }

    /// The paths that a plan may give the point.
    private var paths: [String] {
        let variations: [Variation?] = [nil, .batches(batchSize)] + (threads.map { [.threads($0)] } ?? [])
        return variations.map { Self.path(partition: partition, size: size, $0) }
    }
}
