@testable import Cloud
import Foundation
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("Folders as stores")
struct FolderStoreTests {
    private func with<R>(_ body: (String, FolderStore) throws -> R) throws -> R {
        try Fixture.withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/b", withIntermediateDirectories: true)
            return try body(folder, FolderStore(root: folder + "/"))
        }
    }

    @Test("An object can be read whole or in part, and is gone once deleted")
    func roundTrip() throws {
        try with { folder, store in
            for key in ["a.txt", "deep/er/ü +%.txt", "empty"] {
                let bytes = key == "empty" ? [] : Array(key.utf8)
                try store.put(bucket: "b", key: key, bytes)
                #expect(try store.get(bucket: "b", key: key) == bytes)
                let info = try #require(try store.head(bucket: "b", key: key))
                #expect(info.size == bytes.count)
                #expect(try store.get(bucket: "b", key: key, range: 0..<bytes.count, etag: info.etag) == bytes)
            }
            #expect(try store.get(bucket: "b", key: "a.txt", range: 1..<3, etag: nil) == Array(".t".utf8))
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/b/a.txt")) == Data("a.txt".utf8))
            try store.delete(bucket: "b", key: "a.txt")
            try store.delete(bucket: "b", key: "a.txt")
            #expect(try store.head(bucket: "b", key: "a.txt") == nil)
            let error = try #require(throws: Failure.self) { try store.get(bucket: "b", key: "a.txt") }
            #expect(error.kind == .notFound)
            #expect(store.statistics.bytesWritten > 0)
            #expect(store.statistics.requests > 6)
        }
    }

    @Test("A file is put in pieces")
    func contentsOfFile() throws {
        try with { folder, store in
            let bytes = (0..<(5 << 19)).map { UInt8(truncatingIfNeeded: $0 / 7) }
            try Data(bytes).write(to: URL(fileURLWithPath: folder + "/file"))
            try store.put(bucket: "b", key: "k", contentsOf: folder + "/file")
            #expect(try store.get(bucket: "b", key: "k") == bytes)
            #expect(throws: Failure.self) { try store.put(bucket: "b", key: "k", contentsOf: folder + "/none") }
        }
    }

    @Test("A changed object has another ETag")
    func changes() throws {
        try with { _, store in
            try store.put(bucket: "b", key: "k", [1, 2])
            let before = try #require(try store.head(bucket: "b", key: "k"))
            try store.put(bucket: "b", key: "k", [3, 4])
            let error = try #require(throws: Failure.self) {
                try store.get(bucket: "b", key: "k", range: nil, etag: before.etag)
            }
            #expect(error.kind == .conflict)
            #expect(throws: Failure.self) { try store.get(bucket: "b", key: "k", range: 1..<3, etag: nil) }
        }
    }

    @Test("A listing has the keys with a prefix, sorted as bytes, without unfinished files")
    func listing() throws {
        try with { folder, store in
            for key in ["p/10.pt", "p/2.pt", "p-old/1.pt", "p/s/3.pt", "q"] {
                try store.put(bucket: "b", key: key, [1])
            }
            try Data([1]).write(to: URL(fileURLWithPath: folder + "/b/p/4.pt.partial-12-ab34"))
            #expect(try store.list(bucket: "b", prefix: "p/").map(\.key) == ["p/10.pt", "p/2.pt", "p/s/3.pt"])
            #expect(try store.list(bucket: "b", prefix: "p").map(\.key).first == "p-old/1.pt")
            #expect(try store.list(bucket: "b", prefix: "").count == 5)
            #expect(try store.list(bucket: "b", prefix: "p/1").map(\.key) == ["p/10.pt"])
            #expect(try store.list(bucket: "b", prefix: "none/").isEmpty)
            #expect(try store.list(bucket: "b", prefix: "../").isEmpty)
        }
    }

    @Test(
        "Keys that would leave the bucket are refused",
        arguments: ["../x", "/etc/passwd", "a/../../x", "a//b", "", "."])
    func escapes(key: String) throws {
        try with { _, store in
            for body in [
                { _ = try store.get(bucket: "b", key: key) }, { try store.put(bucket: "b", key: key, [1]) },
                { try store.delete(bucket: "b", key: key) }, { _ = try store.head(bucket: "b", key: key) },
            ] {
                let error = try #require(throws: Failure.self) { try body() }
                #expect(error.kind == .input)
            }
        }
    }

    @Test("A missing bucket is named", arguments: ["none", "..", "", "b/c"])
    func missingBucket(bucket: String) throws {
        try with { _, store in
            let error = try #require(throws: Failure.self) { try store.list(bucket: bucket, prefix: "") }
            #expect(error.kind == (bucket == "none" ? .notFound : .input))
            #expect(throws: Failure.self) { try store.put(bucket: bucket, key: "k", [1]) }
        }
    }

    @Test("The store's URL names a folder")
    func locator() throws {
        try with { folder, _ in
            try FileManager.default.createDirectory(atPath: folder + "/a b/c", withIntermediateDirectories: true)
            let store = try StoreLocator.store("file://\(folder)/a%20b")
            try store.put(bucket: "c", key: "k", [7])
            #expect(FileManager.default.fileExists(atPath: folder + "/a b/c/k"))
            for url in ["file://none/x", "folder", "file://\(folder)/missing"] {
                #expect(throws: Failure.self) { try StoreLocator.store(url) }
            }
        }
    }
}
