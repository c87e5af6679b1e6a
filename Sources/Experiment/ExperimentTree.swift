import Runs
import FoundationEssentials
import Inference
import Platform

/// A folder of results, laid out as the published ones are, with `experiment.json` at its root.
public struct ExperimentTree: Sendable {
    public let path: String

    public init(_ path: String) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The default folder for cut partitions. Readers of results ignore it.
    public var scratch: String { path + "/.scratch" }
    public var recordPath: String { path + "/" + RunKeys.experimentName }

    /// Starts an experiment in the tree, or resumes the one in it.
    /// - Returns: `planned` with the runs that the tree has, without those whose results contradict the record, which
    /// are
    ///   returned separately.
    /// - Throws: `Failure` where the tree holds something else, or cannot be resumed.
    public func begin(
        _ planned: ExperimentRecord, _ continuation: ExperimentContinuation
    ) throws(Failure) -> (record: ExperimentRecord, broken: [BrokenRun]) {
        guard let present = try read() else {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            if let other = names.filter({ !$0.hasPrefix(".") }).min() {
                throw Failure("\(path): expected an empty folder or an experiment's, found '\(other)' in it")
            }
            return (planned, [])
        }
        guard continuation != .none else {
            throw Failure(
                "\(path): holds an experiment already (\(present.runs.count) runs of "
                    + "\(present.plan.runs.count)): name another folder, or add --resume")
        }
        var record = try present.continued(as: planned, continuation, tree: path)
        let planned = Dictionary(record.plan.runs.map { ($0.path, $0.point) }, uniquingKeysWith: { first, _ in first })
        var broken: [BrokenRun] = []
        record.runs = record.runs.filter { run in
            guard let point = planned[run.path] else { return false }
            do throws(Failure) {
                let bytes = try bytes(of: RunKeys(resultPath: run.path).combined)
                guard try RunCheck(bytes, of: point, name: run.path).galaxies == run.galaxies else {
                    throw Failure("\(run.path): expected \(run.galaxies) galaxies, found others")
                }
                return true
            } catch {
                broken.append(BrokenRun(path: run.path, reason: error.description))
                return false
            }
        }
        return (record, broken)
    }

    /// nil where the tree has no record.
    public func read() throws(Failure) -> ExperimentRecord? {
        guard FileManager.default.fileExists(atPath: recordPath) else { return nil }
        return try ExperimentRecord(json: try bytes(of: RunKeys.experimentName), name: recordPath)
    }

    public func write(_ record: ExperimentRecord) throws(Failure) {
        try write(try record.encoded(), to: RunKeys.experimentName)
    }

    /// Writes a file atomically, and creates its folder.
    func write(_ bytes: [UInt8], to name: String) throws(Failure) {
        let target = "\(path)/\(name)"
        let folder = target.lastIndex(of: "/").map { String(target[..<$0]) } ?? path
        try FileManager.default.makeFolder(folder)
        try AtomicFile.write(bytes, to: target)
    }

    /// Moves a file into the tree.
    func move(_ file: String, to name: String) throws(Failure) {
        let target = "\(path)/\(name)"
        try? FileManager.default.removeItem(atPath: target)
        try FileManager.default.moveFile(file, to: target)
    }

    private func bytes(of name: String) throws(Failure) -> [UInt8] {
        guard let bytes = FileManager.default.contents(atPath: "\(path)/\(name)") else {
            throw Failure("\(path)/\(name): is missing, or cannot be read")
        }
        return [UInt8](bytes)
    }
}

/// A run that is done by the record, and whose results are invalid.
public struct BrokenRun: Sendable, Equatable {
    public let path: String
    public let reason: String
}

extension ExperimentRecord {
    /// The bytes of `experiment.json`.
    public func encoded() throws(Failure) -> [UInt8] { try JSONFile.encoded(self, pretty: true) + [UInt8(ascii: "\n")] }
}

/// A run's `combined_data.json`, checked against its point.
struct RunCheck {
    let galaxies: Int

    /// - Throws: `Failure` where it does not have the result of each of the point's ranks once.
    init(_ bytes: [UInt8], of point: ExperimentPoint, name: String) throws(Failure) {
        let file = RunKeys(resultPath: name).combined
        guard let ranks = try? RankResult.read(bytes, name: file) else {
            throw Failure("\(file): expected ranks' results, found something else")
        }
        let different = Set(ranks.map(\.rank)).count
        guard ranks.count == point.partitions, different == ranks.count else {
            throw Failure(
                "\(file): expected \(point.partitions) ranks, found \(ranks.count)"
                    + (different == ranks.count ? "" : ", \(different) of them different"))
        }
        if let other = ranks.first(where: { $0.batchSize != point.batchSize }) {
            throw Failure("\(file): expected batches of \(point.batchSize), found \(other.batchSize)")
        }
        guard let most = PartitionSplit.rowsByMegabytes[point.partition] ?? ranks.map(\.galaxies).max(),
            most <= 1 << 40,
            ranks.allSatisfy({ (0...most).contains($0.galaxies) })
        else { throw Failure("\(file): expected at most a partition's galaxies of a rank, found more") }
        galaxies = ranks.reduce(0) { $0 + $1.galaxies }
    }
}
