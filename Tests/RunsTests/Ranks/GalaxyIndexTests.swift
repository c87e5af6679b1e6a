import Cloud
import Foundation
import Inference
import Platform
import TensorFiles
import TestSupport
import Testing

@testable import Runs

@Suite("An index of galaxies")
struct GalaxyIndexTests {
    let store: FakeStore
    let count = 40
    let inputs: GalaxyInputs
    let index: GalaxyIndex

    /// 40 objects, of one or two galaxies.
    init() throws {
        let table = try TensorTable.partition()
        var objects: [String: [UInt8]] = [:]
        for file in 0..<count { objects["set/\(file).pt"] = table.rows(0..<1 + file % 2).torch().bytes }
        store = FakeStore(objects)
        inputs = try GalaxyInputs(["s3://b/set/"], store: store)
        index = try GalaxyIndex(counting: inputs)
        try store.put(bucket: "b", key: "index.json", index.json)
    }

    private func job(
        _ output: String, rank: Int, of worldSize: Int = 8, _ unit: ShareUnit, index: String? = nil
    ) throws -> PredictionJob {
        try PredictionJob(
            weights: Fixture.path("tiny/normalcell.pt"), inputs: GalaxyInputs(["s3://b/set/"], store: store),
            store: store, output: OutputFile(output, store: nil), share: RankShare(rank: rank, worldSize: worldSize),
            shareUnit: unit, index: index, settings: RunSettings(threads: 1, numHeads: 3))
    }

    private func fetched(_ body: () throws -> Void) rethrows -> (keys: Set<String>, bytes: Int) {
        let before = store.state.withLock { $0.gets.count }
        try body()
        return store.state.withLock { state in
            (Set(state.keys[before...]), state.gets[before...].reduce(0) { $0 + $1.count })
        }
    }

    @Test("A rank reads the files of its share, each once, and the index", arguments: ShareUnit.allCases)
    func reads(unit: ShareUnit) throws {
        try Fixture.withTemporaryFolder { folder in
            let sizes = index.files.map(\.bytes)
            for rank in 0..<8 {
                let part = folder + "/\(rank).csv"
                let (keys, bytes) = try fetched {
                    _ = try job(part, rank: rank, unit, index: unit == .galaxies ? "s3://b/index.json" : nil).run()
                }
                let share = try #require(RankShare(rank: rank, worldSize: 8))
                var own = share.files(of: sizes)
                if unit == .galaxies {
                    let galaxies = share.galaxies(of: index.galaxies)
                    let ends = index.files.indices.map { index.files[...$0].reduce(0) { $0 + $1.galaxies } }
                    own = try #require(ends.firstIndex { $0 > galaxies.lowerBound })..<index.files.count
                    own = own.lowerBound..<(try #require(ends.firstIndex { $0 >= galaxies.upperBound }) + 1)
                }
                let json = unit == .galaxies ? try index.json.count : 0
                #expect(bytes <= sizes[own].reduce(json, +), "rank \(rank)")
                #expect(keys.subtracting(["index.json"]) == Set(own.map { "set/\($0).pt" }), "rank \(rank)")
            }
            let outputs = try RankOutputs([folder], store: nil)
            try RankMerge(outputs).write(to: OutputFile(folder + "/z.csv", store: nil))
            try FileManager.default.createDirectory(atPath: folder + "/whole", withIntermediateDirectories: true)
            let whole = try PredictionJob(
                weights: Fixture.path("tiny/normalcell.pt"), inputs: inputs, store: store,
                output: OutputFile(folder + "/whole/z.csv", store: nil),
                settings: RunSettings(threads: 1, numHeads: 3))
            _ = try whole.run()
            for name in ["z.csv", "z.csv.run.json"] {
                let expected = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/whole/\(name)"))
                #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")) == expected, "\(name)")
            }
        }
    }

    @Test("Images of the usual name are counted, whatever other arrays the file has")
    func otherArrays() throws {
        try Fixture.withTemporaryFolder { folder in
            var table = try TensorTable.partition()
            table.add("arr_0", [3], [1, 2, 3] as [Float], .f32)
            try table.write(to: folder + "/a.safetensors")
            #expect(try GalaxyIndex(counting: GalaxyInputs([folder])).galaxies == 37)
            var alone = TensorTable()
            alone.add("arr_0", [3], [1, 2, 3] as [Float], .f32)
            try alone.write(to: folder + "/a.safetensors")
            let error = #expect(throws: Failure.self) { try GalaxyIndex(counting: GalaxyInputs([folder])) }
            #expect(error?.description.hasSuffix("found shape [3]: --images names the images") == true)
        }
    }

    @Test("An index is read as it was written; what is none is refused")
    func json() throws {
        #expect(try GalaxyIndex(index.json, name: "i") == index)
        #expect(try index.json.split(separator: UInt8(ascii: "\n")).count == count + 2)
        let line = #"{"bytes":9,"galaxies":1,"path":"a","version":"etag:1"}"#
        for (text, message) in [
            ("{}", "i: expected the key cai_index, found none"), ("[1", "i: expected JSON, found other text"),
            (#"{"cai_index":2,"files":[]}"#, "i: cai_index: expected 1, found 2"),
            (#"{"cai_index":1,"files":[\#(line),\#(line)]}"#, "found it twice"),
            (#"{"cai_index":1,"files":[\#(line.replacing(":1,", with: ":0,"))]}"#, "found it with 9 bytes and 0 gal"),
            (
                #"{"cai_index":1,"files":[\#(line.replacing(":1,", with: ":\(Int.max),"))]}"#,
                "i: the numbers of galaxies are too large to be added"
            ),
        ] {
            let error = #expect(throws: Failure.self) { try GalaxyIndex(Array(text.utf8), name: "i") }
            #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        }
    }

    @Test("A file that differs from the index, or is in one of index and inputs, is named before anything is fetched")
    func differences() throws {
        func message(_ inputs: [String]) -> String {
            do throws(Failure) {
                _ = try index.ordered(as: try GalaxyInputs(inputs, store: store), name: "i.json")
                return ""
            } catch { return error.description }
        }
        let files = index.files.map(\.path)
        #expect(message(files.reversed()) == "")
        #expect(
            message(Array(files.dropLast())).hasPrefix("i.json: has s3://b/set/39.pt, which is not one of the inputs"))
        try store.put(bucket: "b", key: "set/40.pt", [1])
        #expect(
            message(["s3://b/set/"])
                == "s3://b/set/40.pt: is not in i.json: run 'cai index' with these inputs again")
        store.state.withLock { $0.objects["set/7.pt"]?.etag = "other" }
        let size = index.files[7].bytes
        #expect(
            message(files)
                == "s3://b/set/7.pt: is not the file that i.json describes: expected \(size) bytes, etag:1, 2 "
                + "galaxies, found \(size) bytes, etag:other: run 'cai index' with these inputs again")
    }

    @Test("A rank that finds other galaxies in its file than the index states is refused")
    func otherCount() throws {
        try Fixture.withTemporaryFolder { folder in
            var text = String(decoding: try index.json, as: UTF8.self)
            text = text.replacing(
                #""galaxies":2,"path":"s3://b/set/1.pt""#, with: #""galaxies":3,"path":"s3://b/set/1.pt""#)
            try store.put(bucket: "b", key: "wrong.json", Array(text.utf8))
            for unit in ShareUnit.allCases {
                let error = #expect(throws: Failure.self) {
                    try job(folder + "/z.csv", rank: 0, unit, index: "s3://b/wrong.json").run()
                }
                #expect(error?.description.contains("s3://b/set/1.pt: is not the file that s3://b/wrong") == true)
            }
        }
    }
}
