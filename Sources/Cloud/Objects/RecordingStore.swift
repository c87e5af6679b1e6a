import FoundationEssentials
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

    package func get(
        bucket: String, key: String, range: Range<Int>, etag: String, into receiver: any ByteReceiver
    ) throws(Failure) {
        try calls.timed(failures: true, read: { _ in range.count }) { () throws(Failure) in
            try store.get(bucket: bucket, key: key, range: range, etag: etag, into: receiver)
        }
    }

    package func put(
        bucket: String, key: String, _ bytes: [UInt8], if condition: PutCondition
    ) throws(Failure) -> String {
        try calls.timed(failures: true, written: bytes.count) { () throws(Failure) in
            try store.put(bucket: bucket, key: key, bytes, if: condition)
        }
    }

    package func upload(bucket: String, key: String, size: Int) throws(Failure) -> any ObjectUpload {
        RecordedUpload(try store.upload(bucket: bucket, key: key, size: size)) { [self] start, seconds, written in
            calls.withLock { $0.add(start: start, end: start + seconds, written: written) }
        }
    }

    package func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo] {
        try calls.timed(failures: true) { () throws(Failure) in try store.list(bucket: bucket, prefix: prefix) }
    }

    package func delete(bucket: String, key: String) throws(Failure) {
        try calls.timed(failures: true) { () throws(Failure) in try store.delete(bucket: bucket, key: key) }
    }
}

/// An upload that counts as one call, which took as long as its parts.
private final class RecordedUpload: ObjectUpload {
    private let upload: any ObjectUpload
    private let record: (_ start: Double, _ seconds: Double, _ written: Int) -> Void
    private let start = Date().timeIntervalSince1970
    private var time = Duration.zero
    private var written = 0
    private var isRecorded = false

    init(
        _ upload: any ObjectUpload, record: @escaping (_ start: Double, _ seconds: Double, _ written: Int) -> Void
    ) { (self.upload, self.record) = (upload, record) }

    func write(_ bytes: [UInt8]) throws(Failure) {
        try timed { () throws(Failure) in try upload.write(bytes) }
        written += bytes.count
    }

    func append(bucket: String, key: String, range: Range<Int>, etag: String, checksum: CRC32) throws(Failure) {
        try timed { () throws(Failure) in
            try upload.append(bucket: bucket, key: key, range: range, etag: etag, checksum: checksum)
        }
    }

    func complete() throws(Failure) -> String {
        defer { end() }
        return try timed { () throws(Failure) in try upload.complete() }
    }

    func abandon() {
        upload.abandon()
        end()
    }

    private func timed<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let clock = ContinuousClock()
        let begun = clock.now
        defer { time += clock.now - begun }
        return try body()
    }

    private func end() {
        guard !isRecorded else { return }
        isRecorded = true
        record(start, time / .seconds(1), written)
    }
}
