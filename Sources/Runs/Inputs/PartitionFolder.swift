import Cloud
import FoundationEssentials
import Platform

/// The destination of partitions: `1.pt`, `2.pt`, ... in a local folder, or under a prefix of a bucket.
public struct PartitionFolder: Sendable {
    /// As it was given.
    public let name: String
    private let store: (any ObjectStore)?
    private let location: S3Location?

    /// - Parameters:
    ///   - name: a folder, which need not exist, or `s3://bucket/prefix`, with or without a final slash.
    ///   - store: for the latter; nil for a folder.
    public init(_ name: String, store: (any ObjectStore)?) throws(Failure) {
        self.name = name
        guard let store, S3Location.isLocation(name) else {
            self.store = nil
            location = nil
            return
        }
        self.store = store
        do throws(Failure) { location = try S3Location(name) } catch {
            throw Failure(name, error.message)
        }
    }

    /// The names of existing partitions: a number and `.pt`.
    public func partitions() throws(Failure) -> [String] {
        let names: [String]
        if let store, let location {
            let prefix = location.key.isEmpty || location.key.hasSuffix("/") ? location.key : location.key + "/"
            do throws(Failure) {
                names = try store.list(bucket: location.bucket, prefix: prefix).map {
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

    /// Creates the folder and those above it, where they do not exist.
    public func create() throws(Failure) {
        guard location == nil else { return }
        try FileManager.default.makeFolder(name)
    }

    /// Checks, as far as possible, that partitions can be written, and that none of them is one of `inputs`.
    /// - Parameter count: of partitions.
    public func check(_ count: Int, sparing inputs: [String]) throws(Failure) {
        for partition in 0..<count {
            let file = try file(partition)
            if location == nil {
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
