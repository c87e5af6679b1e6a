import Cloud
import Runs
import FoundationEssentials
import Inference
import Platform
import TensorFiles

/// Cuts the inputs into partitions of the sizes that a plan needs, in the bucket `data` of a scratch folder.
struct PartitionCutter {
    let files: [TensorFile]
    let supply: PartitionSupply
    let scratch: ScratchFolder

    /// - Throws: `Failure` where the inputs are not galaxies or the disk is full.
    func cut(for points: [ExperimentPoint], progress: (Progress) -> Void) throws(Failure) {
        var counts: [Int: Int] = [:]
        for point in points { counts[point.partition] = max(counts[point.partition] ?? 0, supply.files(of: point)) }
        let total = counts.values.reduce(0, +)
        var done = 0
        for (megabytes, count) in counts.sorted(by: { $0.key < $1.key }) {
            let rows = PartitionSplit.rowsByMegabytes[megabytes] ?? 1
            let split = try PartitionSplit(sequence(count * rows), rows: rows)
            let folder = "\(scratch.data)/\(megabytes)MB"
            try FileManager.default.makeFolder(folder)
            for partition in 0..<count {
                progress(Progress(done: done, total: total))
                let path = folder + "/" + PartitionFolder.fileName(partition)
                if !link(split.wholeInput(partition), to: path) { try split.write(partition, to: path) }
                done += 1
            }
        }
    }

    /// The files, repeated until they have the given number of galaxies.
    private func sequence(_ galaxies: Int) -> [TensorFile] {
        guard supply.isRepeated else { return files }
        let times = (galaxies - 1) / supply.galaxies + 1
        return (0..<times).flatMap { _ in files }
    }

    /// Links an input that already is such a partition, instead of copying it.
    private func link(_ file: String?, to path: String) -> Bool {
        guard let file, !S3Location.isLocation(file) else { return false }
        let target = URL(fileURLWithPath: file).standardizedFileURL.path
        return (try? FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)) != nil
    }
}
