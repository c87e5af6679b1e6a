import Cloud
import TensorFiles

/// A partition of the store as bytes that can be read by range.
enum PartitionSource {
    /// - Throws: `FanOutError` where there is no such object.
    static func open(bucket: String, key: String, in store: any ObjectStore) throws(FanOutError) -> MemorySource {
        let bytes = try stored { () throws(CloudError) in try store.get(bucket: bucket, key: key) }
        return MemorySource(name: store.name(bucket: bucket, key: key), bytes: bytes)
    }
}
