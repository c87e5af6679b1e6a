import AstroMAE
import Cloud
import Foundation
import Inference
import TensorFiles
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("Inputs and outputs, local and in a store")
struct GalaxyInputsTests {
    let model: RedshiftModel
    let store: FakeStore

    init() throws {
        model = try RedshiftModel(weights: TensorFile.open(path: Fixture.path("tiny/normalcell.pt")), numHeads: 3)
        let table = try TensorTable.partition()
        store = FakeStore([
            "set/1.pt": table.rows(0..<10).torch().bytes, "set/2.npz": table.rows(10..<20).npz(deflated: true).bytes,
            "set/10.safetensors": table.rows(20..<37).bytes(), "set/notes.txt": [1], "set/deeper/3.pt": [1],
            "set/.4.pt": [1], "set-2/5.pt": [1],
        ])
    }

    private func names(_ arguments: [String]) throws -> [String] {
        try GalaxyInputs(arguments, store: store).files.map(\.path)
    }

    @Test("A key stands for its object, a prefix for its partition files in natural order")
    func listing() throws {
        let set = ["s3://b/set/1.pt", "s3://b/set/2.npz", "s3://b/set/10.safetensors"]
        #expect(try names(["s3://b/set/"]) == set)
        #expect(try names(["s3://b/set"]) == set)
        #expect(try names(["s3://b/set/notes.txt", "s3://b/set/1.pt"]) == ["s3://b/set/notes.txt", "s3://b/set/1.pt"])
        let mixed = try GalaxyInputs([Fixture.path("tiny/partition.pt"), "s3://b/set/2.npz"], store: store).files
        #expect(mixed.map(\.label) == ["partition", "2"])
        #expect(mixed.map(\.source) == ["partition.pt", "2.npz"])
    }

    @Test("Missing objects, invalid URLs and repeated inputs are refused in one line")
    func refusals() {
        func message(_ arguments: String...) -> String? {
            do {
                _ = try GalaxyInputs(arguments, store: store)
                return nil
            } catch {
                return error.description
            }
        }
        let expected =
            "expected an object, or partition files (.pt, .pth, .npz, .safetensors, .fits, .fit, .fits.gz, .fit.gz, .fz, .h5, .hdf5) right under the prefix"
        #expect(message("s3://b/none") == "s3://b/none: \(expected), found none")
        #expect(message("s3://b/") == "s3://b/: \(expected), found none")
        #expect(message("s3:///x") == "s3:///x: no bucket is named")
        #expect(message("s3://b/set/", "s3://b/set/1.pt") == "s3://b/set/1.pt: is given twice")
    }

    @Test("Galaxies of a store have the redshifts of the same local galaxies", arguments: [1, 4])
    func sameRedshifts(threads: Int) throws {
        let runner = BatchRunner(model: model, threads: threads, batchSize: 4)
        let here = try GalaxyInputs([Fixture.path("tiny/partition.pt")], store: nil).partitions(for: model)
        let there = try GalaxyInputs(["s3://b/set"], store: store).partitions(for: model)
        let (expected, found) = (try runner.run(here), try runner.run(there))
        #expect(found.redshifts.map(\.bitPattern) == expected.redshifts.map(\.bitPattern))
        #expect(try found.knownRedshifts().spectroscopic == expected.knownRedshifts().spectroscopic)
        let limited = try GalaxyInputs(["s3://b/set"], store: store).partitions(for: model, limit: 11)
        #expect(limited.count == 2)
    }

    @Test("Weights from a store are the same network, fetched once and kept by their ETag")
    func weights() throws {
        try Fixture.withTemporaryFolder { folder in
            let environment = ["TMPDIR": folder]
            let path = Fixture.path("tiny/normalcell.pt")
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let store = FakeStore(["w.pt": bytes])
            let file = try WeightsFile("s3://b/w.pt", store: store, environment: environment)
            #expect(file.path.hasPrefix(folder + "/cai-weights-"))
            #expect(try WeightsFile("s3://b/w.pt", store: store, environment: environment).path == file.path)
            #expect(store.transfers(of: bytes.count).allSatisfy { $0 == 1 })
            let (remote, sha256) = try file.load(isDigested: true) { file, parallel throws(Failure) in
                try RedshiftModel(weights: file, numHeads: 3, on: parallel)
            }
            #expect(sha256 == (try SHA256Digest.ofFile(path)).sha256)
            let galaxies = try GalaxyInputs([Fixture.path("tiny/partition.pt")]).partitions(for: model)
            let expected = try BatchRunner(model: model).run(galaxies).redshifts
            #expect(try BatchRunner(model: remote).run(galaxies).redshifts == expected)
            #expect(throws: Failure("s3://b/none", "there is no such object")) {
                try WeightsFile("s3://b/none", store: store, environment: environment)
            }
        }
    }

    @Test("Weights of a store that are invalid are named by their URL")
    func invalidWeights() throws {
        try Fixture.withTemporaryFolder { folder in
            let file = try WeightsFile("s3://b/set/notes.txt", store: store, environment: ["TMPDIR": folder])
            let error = try #require(throws: Failure.self) {
                try file.load { file, parallel throws(Failure) in try RedshiftModel(weights: file, on: parallel) }
            }
            #expect(error.subject == "s3://b/set/notes.txt")
            #expect(!error.message.contains("cai-weights-"))
        }
    }

    @Test("Weights of an earlier sidecar with an ETag are compared by the object's ETag now")
    func earlierWeights() {
        let now = WeightsIdentity(name: "s3://b/w.pt", sha256: "12ab")
        #expect(now.comparable(with: WeightsIdentity(name: "w", identity: "etag:1"), etag: "2").identity == "etag:2")
        #expect(now.comparable(with: WeightsIdentity(name: "w", identity: "sha256:1"), etag: "2") == now)
        #expect(now.comparable(with: WeightsIdentity(name: "w", identity: "etag:1"), etag: nil) == now)
    }

    @Test("An output is put under its key complete, and no temporary file is left")
    func output() throws {
        try Fixture.withTemporaryFolder { folder in
            let file = try OutputFile("s3://b/out/z.csv", store: store, environment: ["TMPDIR": folder])
            try file.check(sparing: ["s3://b/set/1.pt"])
            try file.write { path throws(Failure) in
                #expect(path.hasPrefix(folder) && path.hasSuffix(".csv"))
                let isWritten = FileManager.default.createFile(atPath: path, contents: Data("z".utf8))
                #expect(isWritten)
            }
            #expect(try store.get(bucket: "b", key: "out/z.csv") == Array("z".utf8))
            #expect(throws: Failure.self) {
                try file.write { _ throws(Failure) in throw Failure("none") }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
            #expect(throws: Failure.self) { try file.check(sparing: ["s3://b/out/z.csv"]) }
            for name in ["s3://b", "s3://b/p/", "s3://"] {
                #expect(throws: Failure.self) { try OutputFile(name, store: store) }
            }
        }
    }

    @Test("Partitions are put under a prefix, with a final slash or without", arguments: ["s3://b/new", "s3://b/new/"])
    func split(name: String) throws {
        let inputs = try GalaxyInputs(["s3://b/set"], store: store)
        var files: [TensorFile] = []
        try inputs.forEach { _, file throws(Failure) in
            files.append(file)
            return true
        }
        let split = try PartitionSplit(files, rows: 15)
        let folder = try PartitionFolder(name, store: store)
        #expect(try folder.partitions() == [])
        try folder.check(split.partitionCount, sparing: inputs.files.map(\.path))
        for partition in 0..<split.partitionCount {
            try folder.file(partition).write { path throws(Failure) in try split.write(partition, to: path) }
        }
        #expect(try folder.partitions() == ["1.pt", "2.pt", "3.pt"])
        #expect(throws: Failure.self) { try folder.check(3, sparing: ["s3://b/new/2.pt"]) }
        let whole = try TensorTable.partition()
        for (index, entry) in whole.entries.enumerated() {
            let parts = try (1...3).flatMap { number -> [UInt8] in
                let bytes = try store.get(bucket: "b", key: "new/\(number).pt")
                let file = try TensorFile.open(MemorySource(name: "p", bytes: bytes))
                let tensor = try #require(file["tensors.\(index)"])
                return try tensor.rowMajorBytes(rows: 0..<tensor.rows)
            }
            #expect(parts == entry.bytes, "\(entry.name)")
        }
    }

    @Test("Of objects that a limit does not need, no byte is fetched", arguments: [(1, 1), (10, 1), (25, 3), (60, 6)])
    func limitedObjects(limit: Int, objects: Int) throws {
        let bytes = try TensorTable.partition().rows(0..<10).torch().bytes
        let store = FakeStore(Dictionary(uniqueKeysWithValues: (1...6).map { ("set/\($0).pt", bytes) }))
        let inputs = try GalaxyInputs(["s3://b/set/"], store: store)
        let partitions = try inputs.partitions(for: model, limit: limit)
        #expect(partitions.map(\.count) == [Int](repeating: 10, count: objects))
        let expected = Set((1...objects).map { "set/\($0).pt" })
        #expect(store.state.withLock { Set($0.keys) } == expected)
    }

    @Test("A damaged object is not split")
    func damaged() throws {
        var zip = try TensorTable.partition().torch()
        zip.entries[1].checksum ^= 1
        try store.put(bucket: "b", key: "bad.pt", zip.bytes)
        var files: [TensorFile] = []
        try GalaxyInputs(["s3://b/bad.pt"], store: store).forEach { _, file throws(Failure) in
            files.append(file)
            return true
        }
        let split = try PartitionSplit(files, rows: 100)
        try Fixture.withTemporaryFolder { folder in
            #expect(throws: Failure.self) { try split.write(0, to: folder + "/1.pt") }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left == [])
        }
    }
}
