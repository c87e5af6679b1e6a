import AstroMAE
import Cloud
import Foundation
import Inference
import TestSupport
import Testing

@testable import Runs
@testable import Platform

/// A rank of 444 galaxies in two partitions of 9 MB and 1 MB, whose store refuses, as at a deadline, what lies beyond an
/// offset in the first one.
private struct Rank {
    let store: FakeStore
    let worker: Worker
    let item: WorkerItem

    private static let large = Result { try TensorTable.partition(copies: 12).bytes() }

    init(_ folder: String) throws {
        store = FakeStore(["p/1.pt": try Self.large.get(), "p/2.pt": try TensorTable.partition().bytes()])
        let environment = Buckets.environment(folder)
        worker = Worker(store: store, environment: environment, threads: 2)
        let input = Buckets.input(["ranks": .integer(1), "run_id": .string("r")])
        item = try Initialize(store: store).run(try InitializeInput(input)).items[0]
    }

    /// Runs the rank. The bytes of the first partition from `offset` come late: once so many galaxies are done, reading them
    /// fails as at a deadline.
    func attempt(until offset: Int, done: Int) throws(Failure) -> RankResult {
        let late = offset..<((try? Self.large.get().count) ?? 0) - (1 << 20)
        let refuse = { [store] in
            store.state.change { state in
                state.failure = { late ~= $0.lowerBound ? Failure(.deadline, "p/1.pt", "is late") : nil }
                state.isHeld = { _ in false }
            }
        }
        store.state.change { $0.isHeld = { late ~= $0.lowerBound } }
        defer { store.state.change { ($0.failure, $0.isHeld) = ({ _ in nil }, { _ in false }) } }
        return try worker.run(item) { if $0.done >= done { refuse() } }
    }

    func bytes(_ key: String) throws -> [UInt8] { try store.get(bucket: "results", key: key) }
    var keys: [String] { get throws { try store.list(bucket: "results", prefix: "run/r/").map(\.key) } }
    static let kept = "run/r/partial/0.rows"
    static let table = "run/r/predictions/0.csv"

    static func with(_ body: (Rank) throws -> Void) throws {
        try Fixture.withTemporaryFolder { try body(try Rank($0)) }
    }
}

@Suite("Galaxies that a rank keeps at its deadline")
struct KeptGalaxiesTests {
    private func done(_ failure: Failure) throws -> Int {
        let words = failure.description.split(separator: " ")
        return try #require(words.firstIndex(of: "deadline:").flatMap { Int(words[$0 + 1]) }, "\(failure)")
    }

    @Test("Attempts continue from each other, and the table is that of an undisturbed worker")
    func attempts() throws {
        var undisturbed: [UInt8] = []
        try Rank.with { rank in
            let result = try rank.worker.run(rank.item)
            #expect(result.attempts == nil && result.earlierGalaxies == nil)
            undisturbed = try rank.bytes(Rank.table)
        }
        try Rank.with { rank in
            let first = #expect(throws: Failure.self) { try rank.attempt(until: 3 << 20, done: 60) }
            let second = #expect(throws: Failure.self) { try rank.attempt(until: 6 << 20, done: 60) }
            let (one, two) = (try done(try #require(first)), try done(try #require(second)))
            #expect(first?.kind == .deadline && second?.kind == .deadline)
            #expect(60 <= one && one + 60 <= two && two < 481)
            #expect(second?.description.hasSuffix(" of 481 galaxies done and kept for the next attempt") == true)
            #expect(try rank.keys.contains(Rank.kept))
            #expect(try !rank.keys.contains("run/r/0.json"))

            let read = rank.store.state.withLock { $0.gets.count }
            let result = try rank.worker.run(rank.item)
            #expect(try rank.bytes(Rank.table) == undisturbed)
            #expect((result.galaxies, result.attempts, result.earlierGalaxies) == (481, 3, two))
            #expect(result.throughput == 481 * RankResult.bitsPerGalaxy / result.seconds)
            #expect(try !rank.keys.contains(Rank.kept))
            #expect(try JSONFile.decode(RankResult.self, try rank.bytes("run/r/0.json"), name: "") == result)
            // Its own requests are fewer than those of all attempts.
            let own = rank.store.state.withLock { $0.gets.count } - read
            #expect(try #require(result.store?.requests) > own)
        }
    }

    @Test("An attempt that gets no further is not worth another one, and loses nothing")
    func stalled() throws {
        try Rank.with { rank in
            let first = #expect(throws: Failure.self) { try rank.attempt(until: 64 << 10, done: 0) }
            #expect(first?.kind == .stalled && first?.description.contains(": 0 of 481 galaxies done, no more") == true)
            #expect(try !rank.keys.contains(Rank.kept))
            #expect(throws: Failure.self) { try rank.attempt(until: 3 << 20, done: 60) }
            let kept = try rank.bytes(Rank.kept)
            let error = #expect(throws: Failure.self) { try rank.attempt(until: 64 << 10, done: 0) }
            #expect(error?.kind == .stalled)
            #expect(FanOutHandlers.errorType(.stalled) == "Cai.Stalled")
            #expect(error?.description.contains("no more than before: take a longer time limit") == true)
            #expect(try rank.bytes(Rank.kept) == kept)
        }
    }

    @Test("Galaxies of other inputs, and damaged ones, are computed again", arguments: 0..<5)
    func unusable(_ change: Int) throws {
        try Rank.with { rank in
            #expect(throws: Failure.self) { try rank.attempt(until: 3 << 20, done: 60) }
            var kept = try rank.bytes(Rank.kept)
            let end = try #require(kept.firstIndex(of: 10))
            var head = String(decoding: kept[..<end], as: UTF8.self)
            switch change {
            case 0: kept[kept.count - 3] ^= 1
            case 1: kept.removeLast()
            case 2: head.replace("\"data_etags\":[\"1\"", with: "\"data_etags\":[\"0\"")
            case 3: head.replace("\"galaxies\":0}", with: "\"galaxies\":7}")
            default: head.replace("\"weights_sha256\":\"", with: "\"weights_sha256\":\"0")
            }
            if change > 1 { kept = Array(head.utf8) + kept[end...] }
            try rank.store.put(bucket: "results", key: Rank.kept, kept)
            let result = try rank.worker.run(rank.item)
            #expect((result.galaxies, result.attempts, result.earlierGalaxies) == (481, nil, nil))
            #expect(result.warnings.contains { $0.contains(Rank.kept) && $0.hasSuffix("are computed again") })
            #expect(try !rank.keys.contains(Rank.kept))
        }
    }

    @Test("Galaxies of an attempt on another instruction set are kept; those of another arithmetic are computed again")
    func otherProcessor() throws {
        try Rank.with { rank in
            #expect(throws: Failure.self) { try rank.attempt(until: 3 << 20, done: 60) }
            let kept = try rank.bytes(Rank.kept)
            let end = try #require(kept.firstIndex(of: 10))
            let head = String(decoding: kept[..<end], as: UTF8.self)
                .replacing(/"instruction_set":"[a-z0-9]*"/, with: #""instruction_set":"other""#)
            let own = try Arithmetic.usual(.float32).description
            for arithmetic in ["\(own) bf16", own] {
                let changed = head.replacing("\"arithmetic\":\"\(own)\"", with: "\"arithmetic\":\"\(arithmetic)\"")
                try rank.store.put(bucket: "results", key: Rank.kept, Array(changed.utf8) + kept[end...])
                let result = try rank.worker.run(rank.item)
                guard arithmetic == own else {
                    let reason = "arithmetic: expected \(own), found \(arithmetic)"
                    #expect(result.earlierGalaxies == nil && result.warnings.contains { $0.contains(reason) })
                    continue
                }
                let earlier = try #require(result.earlierGalaxies)
                #expect(result.galaxies == 481 && result.attempts == 2 && earlier >= 60)
                #expect(!result.warnings.contains { $0.contains("earlier attempt") })
            }
        }
    }

    @Test("Of two attempts at the same time, the galaxies of the one that finished more are kept")
    func overlap() throws {
        try Rank.with { rank in
            #expect(throws: Failure.self) { try rank.attempt(until: 3 << 20, done: 60) }
            let fewer = try rank.bytes(Rank.kept)
            try rank.store.delete(bucket: "results", key: Rank.kept)
            #expect(throws: Failure.self) { try rank.attempt(until: 6 << 20, done: 160) }
            let more = try rank.bytes(Rank.kept)

            func found(_ bytes: [UInt8]) throws -> KeptGalaxies {
                let store = FakeStore([Rank.kept: bytes])
                let head = try JSONValue.parse(Array(bytes.prefix { $0 != 10 }), name: "head")
                let result = try JSONFile.decode(
                    RankResult.self, try #require(head["result"]).encoded(), name: "result")
                return try #require(
                    try KeptGalaxies.find(bucket: "", key: Rank.kept, in: store, like: result, count: 481).kept)
            }
            let (small, large) = (try found(fewer), try found(more))
            #expect(small.finished.count < large.finished.count)
            for (first, second) in [(small, large), (large, small)] {
                try rank.store.delete(bucket: "results", key: Rank.kept)
                _ = try first.put(bucket: "results", key: Rank.kept, in: rank.store)
                let kept = try second.put(bucket: "results", key: Rank.kept, in: rank.store)
                #expect(kept.finished == large.finished)
                #expect(kept.result.attempts == 2)
                #expect(try found(try rank.bytes(Rank.kept)).finished == large.finished)
            }
        }
    }

    @Test("A resumed run continues from kept galaxies, one that is begun anew removes them")
    func keys() throws {
        try Rank.with { rank in
            #expect(throws: Failure.self) { try rank.attempt(until: 3 << 20, done: 60) }
            let input = { (key: String) in
                try InitializeInput(Buckets.input(["ranks": .integer(1), key: .bool(true)]))
            }
            _ = try Initialize(store: rank.store).run(try input("resume"))
            #expect(try rank.keys.contains(Rank.kept))
            _ = try Initialize(store: rank.store).run(try input("overwrite"))
            #expect(try rank.keys.isEmpty)
        }
    }
}
