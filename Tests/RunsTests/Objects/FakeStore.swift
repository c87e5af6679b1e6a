@testable import Cloud
import Foundation
import Inference
import Platform
import TestSupport

/// A store in memory that counts requests, delays ranges until they are released, and fails on demand.
final class FakeStore: ObjectStore {
    struct State {
        var objects: [String: (bytes: [UInt8], etag: String)] = [:]
        var gets: [Range<Int>] = []
        /// The object of each of `gets`.
        var keys: [String] = []
        /// Objects that were put.
        var versions = 0
        var heads = 0
        var underway = 0
        var mostUnderway = 0
        /// Requests wait while this returns true for them.
        var isHeld: @Sendable (Range<Int>) -> Bool = { _ in false }
        var failure: @Sendable (Range<Int>) -> Failure? = { _ in nil }
        /// The number of bytes missing from every response.
        var missing = 0
        /// Ranges that are received after a refusal for too many requests.
        var isThrottled: @Sendable (Range<Int>) -> Bool = { _ in false }
    }

    let state = Monitor(State())

    init(_ objects: [String: [UInt8]] = [:]) {
        state.withLock { state in
            for (key, bytes) in objects { state.objects[key] = (bytes, "1") }
        }
    }

    /// Waits until the state fulfils a condition.
    func wait(for expected: String, until isSo: (State) -> Bool) throws {
        func found(_ state: State) -> String { "\(state.underway) requests underway, \(state.gets.count) in all" }
        try TestSupport.wait(for: expected, found: { state.withLock { found($0) } }) { state.withLock { isSo($0) } }
    }

    func name(bucket: String, key: String) -> String { "s3://\(bucket)/\(key)" }

    func head(bucket: String, key: String) throws(Failure) -> ObjectInfo? {
        state.withLock { state in
            state.heads += 1
            return state.objects[key].map { ObjectInfo(key: key, size: $0.bytes.count, etag: $0.etag) }
        }
    }

    func get(bucket: String, key: String, range: Range<Int>?, etag: String?) throws(Failure) -> [UInt8] {
        let name = name(bucket: bucket, key: key)
        let object = state.withLock { $0.objects[key] }
        guard let object else { throw Failure(.notFound, name, "no such object") }
        let range = range ?? 0..<object.bytes.count
        state.change { state in
            state.gets.append(range)
            state.keys.append(key)
            state.underway += 1
            state.mostUnderway = max(state.mostUnderway, state.underway)
        }
        defer { state.change { $0.underway -= 1 } }
        do {
            try wait(for: "bytes \(range) let through") { !$0.isHeld(range) }
        } catch {
            throw Failure(.deadline, name, "\(error)")
        }
        let (failure, missing, now) = state.withLock { ($0.failure(range), $0.missing, $0.objects[key]?.etag) }
        if let failure { throw failure }
        guard etag == nil || etag == now else { throw Failure(.conflict, name, "has changed") }
        return Array(object.bytes[range].dropLast(missing))
    }

    func get(
        bucket: String, key: String, range: Range<Int>, etag: String, into receiver: any ByteReceiver
    ) throws(Failure) {
        let bytes = try get(bucket: bucket, key: key, range: range, etag: etag)
        if state.withLock({ $0.isThrottled(range) }) { receiver.noteThrottling() }
        guard receiver.take(bytes), bytes.count == range.count else {
            throw Failure(
                name(bucket: bucket, key: key),
                "bytes \(range.lowerBound)..<\(range.upperBound): expected \(range.count), found \(bytes.count)")
        }
    }

    func put(bucket: String, key: String, _ bytes: [UInt8], if condition: PutCondition) throws(Failure) -> String {
        try state.withLock { (state) throws(Failure) in
            let present = state.objects[key]?.etag
            switch condition {
            case .always: break
            case .absent where present == nil: break
            case .unchanged(let etag) where present == etag: break
            default: throw Failure(.conflict, name(bucket: bucket, key: key), "has changed meanwhile")
            }
            state.versions += 1
            let etag = "\(state.versions + 1)"
            state.objects[key] = (bytes, etag)
            return etag
        }
    }

    func upload(bucket: String, key: String, size: Int) throws(Failure) -> any ObjectUpload {
        WholeUpload(self, bucket: bucket, key: key)
    }

    func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo] {
        state.withLock { state in
            state.objects.filter { $0.key.hasPrefix(prefix) }
                .map { ObjectInfo(key: $0.key, size: $0.value.bytes.count, etag: $0.value.etag) }
                .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        }
    }

    func delete(bucket: String, key: String) throws(Failure) {
        state.change { _ = $0.objects.removeValue(forKey: key) }
    }

    var statistics: StoreStatistics { StoreStatistics() }

    /// The number of requests for each byte of an object of that size.
    func transfers(of size: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: size)
        for range in state.withLock({ $0.gets }) { for byte in range { counts[byte] += 1 } }
        return counts
    }
}
