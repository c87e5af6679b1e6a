import Platform
import Synchronization

/// A store whose calls are timed, one by one, from when this was made: a store that serves a whole process cannot tell
/// one worker's requests from those before it.
package final class RecordingStore: ObjectStore {
    private let store: any ObjectStore
    private let calls = Mutex(StoreStatistics())

    package init(_ store: any ObjectStore) { self.store = store }

    package var statistics: StoreStatistics { calls.withLock { $0 } }

    package func name(bucket: String, key: String) -> String { store.name(bucket: bucket, key: key) }

    package func head(bucket: String, key: String) throws(Failure) -> ObjectInfo? {
        try calls.timed(failures: true) { () throws(Failure) in try store.head(bucket: bucket, key: key) }
    }

    package func get(bucket: String, key: String, range: Range<Int>?, etag: String?) throws(Failure) -> [UInt8] {
        try calls.timed(failures: true, read: \.count) { () throws(Failure) in
            try store.get(bucket: bucket, key: key, range: range, etag: etag)
        }
    }

    package func put(bucket: String, key: String, _ bytes: [UInt8]) throws(Failure) {
        try calls.timed(failures: true, written: bytes.count) { () throws(Failure) in
            try store.put(bucket: bucket, key: key, bytes)
        }
    }

    package func put(bucket: String, key: String, contentsOf path: String) throws(Failure) {
        let size = (try? OpenFile(path: path))?.size ?? 0
        try calls.timed(failures: true, written: size) { () throws(Failure) in
            try store.put(bucket: bucket, key: key, contentsOf: path)
        }
    }

    package func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo] {
        try calls.timed(failures: true) { () throws(Failure) in try store.list(bucket: bucket, prefix: prefix) }
    }

    package func delete(bucket: String, key: String) throws(Failure) {
        try calls.timed(failures: true) { () throws(Failure) in try store.delete(bucket: bucket, key: key) }
    }
}
