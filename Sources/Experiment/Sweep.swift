import Inference
import Platform

/// A variable of an experiment, and its values.
public enum Sweep: Sendable, Equatable {
    case dataSize([DataVolume])
    case batchSize([Int])
    /// MB.
    case partition([Int])
    case threads([Int])

    /// The names that `--vary` takes.
    public enum Variable: String, Sendable, CaseIterable {
        case dataSize = "data-size"
        case batchSize = "batch-size"
        case partition = "partition-size"
        case threads
    }

    public var variable: Variable {
        switch self {
        case .dataSize: .dataSize
        case .batchSize: .batchSize
        case .partition: .partition
        case .threads: .threads
        }
    }

    /// The sizes that partitions can have, in MB.
    public static let partitions = PartitionSplit.rowsByMegabytes.keys.sorted()
    public static let batchSizes = 1...(1 << 20)
    public static let threadCounts = 1...4096

    /// - Parameters:
    ///   - values: separated by commas; for numbers also the ranges `1..4` and `1..N`.
    ///   - processors: the value of N.
    /// - Throws: `Failure` naming the invalid value.
    public init(_ variable: Variable, values: String, processors: Int) throws(Failure) {
        let parts = values.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        switch variable {
        case .dataSize:
            var sizes: [DataVolume] = []
            for part in parts {
                let size = try DataVolume(checked: part, of: "--vary data-size")
                if !sizes.contains(size) { sizes.append(size) }
            }
            self = .dataSize(sizes)
        case .batchSize:
            self = .batchSize(try Self.numbers(parts, of: "--vary batch-size", in: Self.batchSizes))
        case .threads:
            self = .threads(try Self.numbers(parts, of: "--vary threads", in: Self.threadCounts, most: processors))
        case .partition:
            let sizes = try Self.numbers(parts, of: "--vary partition-size", in: 1...1000)
            for size in sizes { try Self.check(partition: size, of: "--vary partition-size") }
            self = .partition(sizes)
        }
    }

    /// - Throws: `Failure` for a size that partitions cannot have.
    public static func check(partition: Int, of option: String) throws(Failure) {
        guard partitions.contains(partition) else {
            throw Failure("\(option): expected 25, 50, 75 or 100, found \(partition)")
        }
    }

    /// The numbers of a list of numbers and ranges, each once, in their order.
    private static func numbers(
        _ parts: [String], of option: String, in range: ClosedRange<Int>, most: Int? = nil
    ) throws(Failure) -> [Int] {
        var numbers: [Int] = []
        for part in parts {
            let ends = part.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            let first = ends.first.flatMap { Int($0) }
            let last = ends.count == 3 && ends[1].isEmpty ? (ends[2] == "N" ? most : Int(ends[2])) : first
            guard ends.count == 1 || ends.count == 3, let first, let last, first <= last, range.contains(first),
                range.contains(last), last - first < mostValues
            else {
                let example = most == nil ? "" : ", or a range such as 1..4 or 1..N"
                throw Failure(
                    "\(option): expected numbers from \(range.lowerBound) to \(range.upperBound)\(example), "
                        + "found '\(part)'")
            }
            for number in first...last where !numbers.contains(number) { numbers.append(number) }
        }
        return numbers
    }

    private static let mostValues = 1000
}

extension DataVolume {
    /// - Throws: `Failure` for a string that is not a size.
    public init(checked text: String, of option: String) throws(Failure) {
        guard let size = DataVolume(text) else {
            throw Failure("\(option): expected sizes such as 50MB, 1GB, 12.6GB or total, found '\(text)'")
        }
        self = size
    }
}
