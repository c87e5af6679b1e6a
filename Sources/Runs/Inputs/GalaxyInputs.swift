import AstroMAE
import Cloud
import Inference
import Platform
import TensorFiles

/// Files of galaxies, here and in a store: what commands are given as inputs.
public struct GalaxyInputs: Sendable {
    /// In their order; an object's path is its URL.
    public let files: [InputFile]
    /// What the user says of the galaxies in them.
    public let layout: GalaxyLayout
    /// All that is read, the table with magnitudes and redshifts, too: no output may go there.
    public var paths: [String] { files.map(\.path) + (layout.table.map { [$0.name] } ?? []) }
    private let objects: [String: Object]
    private let pool: FetchPool?

    private struct Object {
        let bucket: String
        let info: ObjectInfo
    }

    /// Objects whose ends are fetched while one is opened.
    private static let openedAhead = 16

    /// Files that are all here.
    public init(files: [InputFile]) {
        self.files = files
        layout = .usual
        objects = [:]
        pool = nil
    }

    /// Files, folders and patterns, as `InputList` has them; `s3://bucket/key` for an object, and `s3://bucket/prefix/` for
    /// the partition files right under a prefix, in natural order.
    /// - Parameter store: has the objects; nil where no argument names any.
    /// - Throws: `Failure.input` for what is not there, and for files that are given twice.
    public init(
        _ arguments: [String], store: (any ObjectStore)?, layout: GalaxyLayout = .usual
    ) throws(Failure) {
        self.layout = layout
        var objects: [String: Object] = [:]
        files = try InputList.expand(arguments) { argument throws(Failure) in
            guard let store, S3Location.isLocation(argument) else { return nil }
            let found: (bucket: String, objects: [ObjectInfo])
            do throws(Failure) {
                found = try Self.objects(argument, in: store)
            } catch {
                throw Failure(argument, error.subject == argument ? error.message : error.description)
            }
            guard !found.objects.isEmpty else {
                let expected = InputList.endings.map { "." + $0 }.joined(separator: ", ")
                throw Failure(
                    argument,
                    "expected an object, or partition files (\(expected)) right under the prefix, found none")
            }
            return found.objects.map { info in
                let name = "s3://\(found.bucket)/\(info.key)"
                objects[name] = Object(bucket: found.bucket, info: info)
                return name
            }
        }
        self.objects = objects
        pool = objects.isEmpty ? nil : store.map { FetchPool($0) }
    }

    /// The object itself, or the partition files under it.
    private static func objects(
        _ argument: String, in store: any ObjectStore
    ) throws(Failure) -> (bucket: String, objects: [ObjectInfo]) {
        let place = try S3Location(argument)
        let isPrefix = place.key.isEmpty || place.key.hasSuffix("/")
        if !isPrefix, let info = try store.head(bucket: place.bucket, key: place.key) { return (place.bucket, [info]) }
        let prefix = isPrefix ? place.key : place.key + "/"
        let partitions = try store.list(bucket: place.bucket, prefix: prefix)
            .filter { info in
                let name = info.key.dropFirst(prefix.count)
                return !name.contains("/") && !name.hasPrefix(".") && InputList.isPartition(String(name))
            }
            .sorted { NaturalOrder.precedes($0.key, $1.key) }
        return (place.bucket, partitions)
    }

    /// Opens file after file, and gives it to `body` until that wants no more. Only headers are read.
    public func forEach(
        _ body: (InputFile, TensorFile) throws(Failure) -> Bool
    ) throws(Failure) {
        var sources: [ObjectSource?] = []
        for (index, input) in files.enumerated() {
            while sources.count < min(files.count, index + Self.openedAhead) {
                let name = files[sources.count].path
                sources.append(try source(name))
            }
            let file =
                if let source = sources[index] {
                    try TensorFile.open(source, checksums: .deferred)
                } else {
                    try TensorFile.open(path: input.path, checksums: .deferred)
                }
            sources[index] = nil
            guard try body(input, file) else { return }
        }
    }

    /// The galaxies of the files, as many files as it takes for `limit` of them. A table without ids belongs to the
    /// galaxies of all files: all are then opened, and counted.
    /// - Throws: `Failure` where a file cannot be read, or has no galaxies that the network takes, and where such a
    ///   table has not a row for each.
    public func partitions(
        for network: some CutoutNetwork, limit: Int? = nil
    ) throws(Failure) -> [PartitionReader] {
        var partitions: [PartitionReader] = []
        var count = 0
        let limit = limit ?? Int.max
        let rowsAlone = layout.table.flatMap { $0.hasIDs ? nil : $0 }
        try forEach { input, file throws(Failure) in
            let partition = try PartitionReader(
                file, source: input.source, label: input.label, imageShape: network.imageShape,
                magnitudeCount: network.requiredMagnitudes, layout: layout, firstGalaxy: count)
            if partitions.isEmpty || count < limit { partitions.append(partition) }
            count += partition.count
            return rowsAlone != nil || count < limit
        }
        try rowsAlone?.check(galaxies: count, of: files.count == 1 ? files[0].path : "all inputs")
        return partitions
    }

    /// What tells the files of `partitions` from others of their names, in their order. Each file's ends are read.
    /// - Throws: `Failure.file` where one cannot be read.
    public func identities(of partitions: [PartitionReader]) throws(Failure) -> [RunIdentity.File] {
        var files: [RunIdentity.File] = []
        for partition in partitions {
            let version = try version(of: partition.path)
            files.append(
                RunIdentity.File(
                    source: partition.source, label: partition.label, bytes: version.bytes, galaxies: partition.count,
                    version: version.text, stamp: stamp(of: partition.path),
                    checksums: partition.statedChecksums.map(FileIdentity.sha256(ofLines:))))
        }
        return files
    }

    /// An object's ETag, or checksums of a file's ends.
    private func version(of path: String) throws(Failure) -> (bytes: Int, text: String) {
        if let info = objects[path]?.info { return (info.size, "etag:" + info.etag) }
        return try FileIdentity.ends(of: path)
    }

    /// When a file was written, and its size; nil of objects.
    private func stamp(of path: String) -> String? {
        objects[path] == nil ? FileStamp(path: path).map { "\($0)" } : nil
    }

    private func source(_ name: String) throws(Failure) -> ObjectSource? {
        guard let pool, let object = objects[name] else { return nil }
        return try pool.open(bucket: object.bucket, key: object.info.key, info: object.info)
    }

}

extension TensorFile {
    /// A file, or an object by its `s3://bucket/key`, of which all is fetched ahead. Checksums are deferred.
    public static func open(
        named name: String, store: (any ObjectStore)?
    ) throws(Failure) -> TensorFile {
        guard let store, S3Location.isLocation(name) else { return try open(path: name, checksums: .deferred) }
        let place: S3Location
        do throws(Failure) { place = try S3Location(name) } catch { throw error.reading(name) }
        let source = try ObjectSource.open(store, bucket: place.bucket, key: place.key)
        source.prefetch(0..<source.byteCount)
        return try open(source, checksums: .deferred)
    }
}
