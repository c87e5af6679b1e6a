import Cloud
import Foundation
import TensorFiles
import Testing

@testable import Costs
@testable import Runs
@testable import Inference
@testable import Platform

@Suite("Untrusted tables, listings, results and journals")
struct HostileInputTests {
    @Test("A CSV table is joined by ids for any order of lines, quotes and case of names")
    func table() throws {
        let text = "Z,I,R,G,U,OBJECT_ID,redshift\r\n1,2,3,4,5,\"a,\"\"b\",0.5\r\n-1e-3,nan,inf,0x1p3,6,c,\r\n"
        let table = try GalaxyTable(csv: Array(text.utf8), name: "t.csv", layout: .usual)
        #expect(table.count == 2)
        // u, g, r, i, z of the second line, then of the first.
        let expected: [Double] = [6, 8, .infinity, .nan, -1e-3, 5, 4, 3, 2, 1]
        let rows = try table.rows(of: ["c", "a,\"b"], in: "images")
        #expect(rows == [1, 0])
        let magnitudes = try #require(try table.magnitudes(.listed(rows), of: "images")?.doubles())
        #expect(zip(magnitudes, expected).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
        let redshifts = try #require(try table.redshifts(.listed(rows), of: "images")?.doubles())
        #expect(redshifts[0].isNaN && redshifts[1] == 0.5)
    }

    @Test(
        "A broken table is refused with one short line, however long its fields",
        arguments: [
            ("", "expected a header, found an empty file"), ("a,b\n1,2\n", "has neither magnitudes nor redshifts"),
            ("redshift\n0.5\n\"\"x\n", "line 3"),
            ("redshift,object_id\n0.5,LONG\n0.5,LONG\n", "expected once, found twice"),
            ("redshift\n1\nLONG\n", "line 3: redshift: expected a number, found 'xx"),
            ("u,g,r,i,z\n1,2,3,4\n", "line 2: expected 5 fields as in the header, found 4"),
            ("u,g,r,i,LONG\n1,2,3,4,5\n", "but not z"), ("u,g,LONG\n1,2,3\n", "has neither"),
            ("u,g,r,i,z\n1,2,3,4,LONG\n", "line 2: z: expected a number, found 'xx"),
        ])
    func noTable(text: String, words: String) throws {
        // A single character of many bytes is shortened too.
        for long in [String(repeating: "x", count: 5000), "xxx" + String(repeating: "\u{301}", count: 5000)] {
            let bytes = Array(text.replacingOccurrences(of: "LONG", with: long).utf8)
            let error = try #require(throws: (any Error).self) {
                _ = try GalaxyTable(csv: bytes, name: "t.csv", layout: .usual)
            }
            #expect("\(error)".hasPrefix("t.csv: ") && "\(error)".contains(words), "\(error)")
            #expect("\(error)".utf8.count < 500)
        }
    }

    @Test("Sizes of a listing that overflow are refused")
    func sizes() throws {
        func plan(_ sizes: [Int]) throws -> LaunchPlan {
            let objects = sizes.enumerated().map { ObjectInfo(key: "p/\($0.offset).pt", size: $0.element, etag: "") }
            let json = #"{"bucket":"b","result_path":"r","data_prefix":"p","ranks":1}"#
            let input = try InitializeInput(try JSONValue.parse(Array(json.utf8), name: "input"))
            return try Initialize(store: ListedStore(objects: objects))
                .plan(input, worker: LambdaWorker(memory: 1769, architecture: .x86))
        }
        #expect(try plan([1 << 61, 1 << 60]).plan.bytes == 1 << 61 + 1 << 60)
        let error = #expect(throws: Failure.self) { try plan([1 << 62, 1 << 62]) }
        #expect(error?.description == "s3://b/p/: expected partitions' sizes in bytes, found more than there can be")
    }

    @Test("Sums of ranks' counts saturate")
    func sums() {
        #expect(3.cappedSum(4) == 7)
        #expect(Int.max.cappedSum(1) == Int.max && (Int.max - 1).cappedSum(1) == Int.max)
    }

    @Test("The identity in a journal is quoted up to the length of a line; of another instruction set it is accepted")
    func identities() throws {
        func identity(_ weights: String, set: String = "avx2", arithmetic: String = "1") throws -> RunIdentity {
            let json =
                #"{"start":0,"end":1,"firstRow":0,"files":[],"weights":{"name":"w","identity":"\#(weights)"},"settings":{},"#
                + #""maker":{"version":"1","gemm":"own","instruction_set":"\#(set)","arithmetic":"\#(arithmetic)"}}"#
            return try RunIdentity(json: json, name: "z.partial")
        }
        let long = String(repeating: "x", count: 100_000)
        let error = #expect(throws: Failure.self) {
            try identity("sha256:0").check(identity(long), name: "z.partial")
        }
        #expect(error?.description.utf8.count ?? 0 < 1000)
        #expect(error?.description.contains("expected sha256:0, found xxx") == true)
        let (one, other) = (long + "1", long + "2")
        #expect(throws: Failure.self) { try identity(one).check(identity(other), name: "z.partial") }
        #expect(throws: Never.self) { try identity(one).check(identity(one), name: "z.partial") }
        #expect(throws: Never.self) { try identity(one).check(identity(one, set: "neon"), name: "z.partial") }
        let mixed = #expect(throws: Failure.self) {
            try identity(one).check(identity(one, arithmetic: "2 packed"), name: "z.partial")
        }
        #expect(
            "\(try #require(mixed))"
                == "z.partial: is of a run with other arithmetic: expected 1, found 2 packed: remove it, or give another "
                + "--output")
    }
}

/// A store that provides names and sizes only.
private struct ListedStore: ObjectStore {
    let objects: [ObjectInfo]
    var statistics: StoreStatistics { StoreStatistics() }
    func name(bucket: String, key: String) -> String { "s3://\(bucket)/\(key)" }
    func list(bucket: String, prefix: String) throws(Failure) -> [ObjectInfo] { objects }
    func head(bucket: String, key: String) throws(Failure) -> ObjectInfo? { nil }
    func get(bucket: String, key: String, range: Range<Int>?, etag: String?) throws(Failure) -> [UInt8] { [] }
    func put(bucket: String, key: String, _ bytes: [UInt8], if condition: PutCondition) throws(Failure) -> String { "" }
    func upload(bucket: String, key: String, size: Int) throws(Failure) -> any ObjectUpload {
        WholeUpload(self, bucket: bucket, key: key)
    }
    func delete(bucket: String, key: String) throws(Failure) {}
}
