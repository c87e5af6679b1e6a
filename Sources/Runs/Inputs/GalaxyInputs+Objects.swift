import Cloud
import Inference
import Platform

extension GalaxyInputs {
    /// Local files, folders and patterns, as `InputList` expands them; `s3://bucket/key` for an object, and
    /// `s3://bucket/prefix/` for the partition files directly under a prefix, in natural order.
    /// - Parameter store: has the objects; nil where no argument names any.
    /// - Throws: `Failure` for a file or object that does not exist, and for one that is given twice.
    public init(_ arguments: [String], store: (any ObjectStore)?, layout: GalaxyLayout = .usual) throws(Failure) {
        var found: [String: ObjectInputs.Object] = [:]
        let files = try InputList.expand(arguments) { argument throws(Failure) in
            guard let store, S3Location.isLocation(argument) else { return nil }
            let objects: [ObjectInputs.Object]
            do throws(Failure) {
                objects = try ObjectInputs.objects(argument, in: store)
            } catch {
                throw Failure(argument, error.subject == argument ? error.message : error.description)
            }
            guard !objects.isEmpty else {
                let expected = InputList.endings.map { "." + $0 }.joined(separator: ", ")
                throw Failure(
                    argument,
                    "expected an object, or partition files (\(expected)) right under the prefix, found none")
            }
            for object in objects { found[object.url] = object }
            return objects.map(\.url)
        }
        self.init(files: files, layout: layout, remote: store.flatMap { ObjectInputs(found, in: $0) })
    }
}

/// Objects of a store as input files.
struct ObjectInputs: RemoteFiles {
    struct Object {
        let bucket: String
        let info: ObjectInfo

        var url: String { "s3://\(bucket)/\(info.key)" }
    }

    /// By their URLs.
    private let objects: [String: Object]
    private let pool: FetchPool

    /// - Returns: nil where there are no objects.
    init?(_ objects: [String: Object], in store: any ObjectStore) {
        guard !objects.isEmpty else { return nil }
        (self.objects, pool) = (objects, FetchPool(store))
    }

    /// The object that a URL names, or the partition files directly under it.
    static func objects(_ argument: String, in store: any ObjectStore) throws(Failure) -> [Object] {
        let location = try S3Location(argument)
        let isPrefix = location.key.isEmpty || location.key.hasSuffix("/")
        if !isPrefix, let info = try store.head(bucket: location.bucket, key: location.key) {
            return [Object(bucket: location.bucket, info: info)]
        }
        let prefix = isPrefix ? location.key : location.key + "/"
        return try store.list(bucket: location.bucket, prefix: prefix)
            .filter { info in
                let name = info.key.dropFirst(prefix.count)
                return !name.contains("/") && InputList.isPartition(String(name))
            }
            .sorted { NaturalOrder.precedes($0.key, $1.key) }
            .map { Object(bucket: location.bucket, info: $0) }
    }

    func open(_ path: String) throws(Failure) -> (any ByteSource)? {
        guard let object = objects[path] else { return nil }
        return try pool.open(bucket: object.bucket, key: object.info.key, info: object.info)
    }

    func version(of path: String) -> (bytes: Int, text: String)? {
        objects[path].map { ($0.info.size, "etag:" + $0.info.etag) }
    }
}
