import FoundationEssentials
import Platform
import Runs

/// The runs in folders with the layout of the published system:
///
///     result-partition-<P>MB/<size>/<run>/combined_data.json
///     result-partition-<P>MB/<size>/Batches/<batch>/<run>/combined_data.json
///     result-partition-<P>MB/<size>/Threads/<threads>/<run>/combined_data.json      (ours)
///
/// A run's folder is called `1` or `run 1`. Other files and folders are passed over.
public struct ResultTree: Sendable {
    /// By partition, data size, variation and run.
    public let runs: [Run]
    /// Folders of runs without results: not finished, or not fetched.
    public let empty: [String]

    /// Folders of runs whose experiment repeated galaxies (`cai experiment --repeat`).
    private let repeated: Set<String>

    /// Whether a run computed galaxies more than once on purpose.
    func isRepeated(_ run: Run) -> Bool { repeated.contains(run.folder) }

    public var groups: [RunGroup] { RunGroup.groups(of: runs) }

    /// - Parameter paths: folders that hold `result-partition-<P>MB` folders, or such folders themselves.
    /// - Throws: `Failure` naming the folder or file: no such folder, no run in it, a result that cannot be read, two
    ///   folders of one run.
    public init(_ paths: [String]) throws(Failure) {
        var found = Found()
        var repeated: Set<String> = []
        for path in paths {
            let before = found.runs.count
            for partition in try Self.partitions(path) {
                try found.addPartition(folder: partition.folder, megabytes: partition.megabytes)
            }
            guard found.runs.count > before else {
                throw Failure(
                    "\(path): expected runs, as result-partition-25MB/1GB/1/\(RunKeys.combinedName), found none")
            }
            // Another file of that name states nothing about repeated partitions.
            let setup = try? ExperimentSetup.read(tree: path)
            if setup?.isRepeated == true {
                repeated.formUnion(found.runs[before...].map(\.folder))
            }
        }
        var runs: [Run] = []
        var folders: [RunKey: String] = [:]
        for (key, folder) in found.runs.sorted(by: { RunKey.precedes($0.key, $1.key) }) {
            if let other = folders.updateValue(folder, forKey: key) {
                throw Failure("\(folder): expected one folder for run \(key.run), found \(other) too")
            }
            runs.append(try Run(folder: folder, key: key))
        }
        self.runs = runs
        empty = found.empty
        self.repeated = repeated
    }

    /// Whether a folder has the layout of a tree.
    public static func isTree(_ path: String) -> Bool {
        guard let partitions = try? partitions(path) else { return false }
        return !partitions.isEmpty
    }

    private static func partitions(_ path: String) throws(Failure) -> [(folder: String, megabytes: Double)] {
        var folder = path
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        let names = try Folder.children(folder)
        if let megabytes = megabytes(String(folder.split(separator: "/").last ?? "")) { return [(folder, megabytes)] }
        return names.compactMap { name in megabytes(name).map { (folder + "/" + name, $0) } }
    }

    /// 25 of `result-partition-25MB`.
    private static func megabytes(_ name: String) -> Double? {
        let start = "result-partition-"
        guard name.hasPrefix(start), name.hasSuffix("MB"), name.count > start.count + 2 else { return nil }
        let digits = name.dropFirst(start.count).dropLast(2)
        guard digits.first?.isNumber == true, let number = Double(digits), number > 0, number.isFinite else {
            return nil
        }
        return number
    }
}

/// The runs and empty folders found so far.
private struct Found {
    var runs: [(key: RunKey, folder: String)] = []
    var empty: [String] = []

    mutating func addPartition(folder: String, megabytes: Double) throws(Failure) {
        for size in try Folder.children(folder) {
            let place = folder + "/" + size
            let group = RunGroupKey(partition: megabytes, size: DataSize(size))
            try addRuns(folder: place, group: group)
            try addVariations(folder: place + "/Batches", group: group) { .batch($0) }
            try addVariations(folder: place + "/Threads", group: group) { .threads($0) }
        }
    }

    private mutating func addVariations(
        folder: String, group: RunGroupKey, _ variation: (Int) -> RunGroupKey.Variation
    ) throws(Failure) {
        guard Folder.exists(folder) else { return }
        for name in try Folder.children(folder) {
            guard let value = Int(name), value > 0 else { continue }
            var group = group
            group.variation = variation(value)
            try addRuns(folder: folder + "/" + name, group: group)
        }
    }

    private mutating func addRuns(folder: String, group: RunGroupKey) throws(Failure) {
        for name in try Folder.children(folder) {
            let place = folder + "/" + name
            let run = name.hasPrefix("run ") ? String(name.dropFirst(4)) : name
            if FileManager.default.fileExists(atPath: place + "/" + RunKeys.combinedName) {
                runs.append((RunKey(group: group, run: run), place))
            } else if Int(run) != nil {
                empty.append(place)
            }
        }
    }
}

/// Folders in a folder.
private enum Folder {
    static func exists(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
    }

    /// Names of the folders in it, in an order that does not depend on the disk.
    static func children(_ path: String) throws(Failure) -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { throw Failure("\(path): no such folder") }
        guard exists(path) else { throw Failure("\(path): expected a folder, found a file") }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw Failure("\(path): the folder cannot be read")
        }
        return names.filter { exists(path + "/" + $0) }.sorted()
    }
}
