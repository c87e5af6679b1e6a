import Cloud
import FoundationEssentials
import Inference
import Platform
import TensorFiles

/// Where partitions are written: `1.pt`, `2.pt`, ... in a folder, or under a prefix of a bucket.
public struct PartitionFolder: Sendable {
    /// As it was given.
    public let name: String
    private let store: (any ObjectStore)?
    private let place: S3Location?

    /// - Parameters:
    ///   - name: a folder, which need not be there, or `s3://bucket/prefix`, with or without a slash behind it.
    ///   - store: for the latter; nil for a folder.
    public init(_ name: String, store: (any ObjectStore)?) throws(Failure) {
        self.name = name
        guard let store, S3Location.isLocation(name) else {
            self.store = nil
            place = nil
            return
        }
        self.store = store
        do throws(Failure) { place = try S3Location(name) } catch {
            throw Failure(name, error.message)
        }
    }

    /// The partitions that are there: files of a number's name.
    public func partitions() throws(Failure) -> [String] {
        let names: [String]
        if let store, let place {
            let prefix = place.key.isEmpty || place.key.hasSuffix("/") ? place.key : place.key + "/"
            do throws(Failure) {
                names = try store.list(bucket: place.bucket, prefix: prefix).map {
                    String($0.key.dropFirst(prefix.count))
                }
            } catch {
                throw error.reading(name)
            }
        } else {
            var isFolder = false
            guard FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) else { return [] }
            guard isFolder, let found = try? FileManager.default.contentsOfDirectory(atPath: name) else {
                throw Failure(name, isFolder ? "the folder cannot be read" : "is a file, not a folder")
            }
            names = found
        }
        return names.filter(Self.isPartition).sorted(by: NaturalOrder.precedes)
    }

    /// Makes the folder, and those above it, where they are not there.
    public func create() throws(Failure) {
        guard place == nil else { return }
        do {
            try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
        } catch {
            throw Failure(name, "the folder cannot be made")
        }
    }

    /// Checks that so many partitions can be written, as far as one can know, and that none of them is one of `inputs`.
    public func check(_ count: Int, sparing inputs: [String]) throws(Failure) {
        for partition in 0..<count {
            let file = try file(partition)
            if place == nil {
                try file.check(sparing: inputs)
            } else if inputs.contains(file.name) {
                throw Failure(file.name, "cannot be written: it is one of the inputs")
            }
        }
    }

    /// The file of a partition, counted from 0.
    public func file(_ partition: Int) throws(Failure) -> OutputFile {
        let folder = name.hasSuffix("/") ? name : name + "/"
        return try OutputFile(folder + Self.fileName(partition), store: store)
    }

    /// `1.pt` for partition 0.
    public static func fileName(_ partition: Int) -> String { "\(partition + 1).pt" }

    private static func isPartition(_ name: String) -> Bool {
        let stem = name.dropLast(3)
        return name.hasSuffix(".pt") && !stem.isEmpty && stem.allSatisfy { $0.isASCII && $0.isNumber }
    }
}
