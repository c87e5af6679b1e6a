import Cloud
import Platform
import Synchronization

/// Buckets in memory.
final class MemoryStore: ObjectStore {
    private let objects: Mutex<[String: [UInt8]]>

    init(_ objects: [String: [UInt8]]) { self.objects = Mutex(objects) }

    subscript(_ key: String) -> [UInt8]? { objects.withLock { $0[key] } }
    var keys: Set<String> { objects.withLock { Set($0.keys) } }
    var statistics: StoreStatistics { StoreStatistics() }

    func name(bucket: String, key: String) -> String { "s3://\(bucket)/\(key)" }

    func head(bucket: String, key: String) throws(Failure) -> ObjectInfo? {
        self[key].map { ObjectInfo(key: key, size: $0.count, etag: "e") }
    }

    func get(bucket: String, key: String, range: Range<Int>?, etag: String?) throws(Failure) -> [UInt8] {
        guard let bytes = self[key] else { throw Failure(.notFound, name(bucket: bucket, key: key), "not there") }
        return Array(bytes[range ?? 0..<bytes.count])
    }

    func put(bucket: String, key: String, _ bytes: [UInt8], if condition: PutCondition) throws(Failure) -> String {
        objects.withLock { $0[key] = bytes }
        return "e"
    }

    func upload(bucket: String, key: String, size: Int) throws(Failure) -> any ObjectUpload {
        WholeUpload(self, bucket: bucket, key: key)
    }

    func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo] {
        objects.withLock { objects in
            objects.filter { $0.key.hasPrefix(prefix) }.map { ObjectInfo(key: $0, size: $1.count, etag: "e") }
                .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        }
    }

    func delete(bucket: String, key: String) throws(Failure) {
        objects.withLock { _ = $0.removeValue(forKey: key) }
    }
}
