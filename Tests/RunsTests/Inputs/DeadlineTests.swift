import Cloud
import Foundation
import TestSupport
import Testing

@testable import Runs
@testable import Platform

@Suite("Deadlines of a worker")
struct WorkerDeadlineTests {
    /// The error of a worker for 444 galaxies (9 MB, in blocks of 4) of which the store provides only some ranges.
    private func message(seconds: Double = 3, held: @escaping @Sendable (Range<Int>) -> Bool) throws -> String {
        let store = FakeStore(["p/1.pt": try TensorTable.partition(copies: 12).bytes()])
        store.state.change { $0.isHeld = held }
        // The store's threads end when it responds.
        defer { store.state.change { $0.isHeld = { _ in false } } }
        return try Fixture.withTemporaryFolder { folder in
            let worker = Worker(store: store, environment: Buckets.environment(folder), threads: 2)
            let item = try WorkerItem(
                .object([
                    "S3_BUCKET": .string("b"), "RANK": .integer(0), "RESULT_PATH": .string("run"),
                    "DATA_PATH": .string("p/1.pt"),
                ]))
            let error = try #require(throws: Failure.self) {
                try worker.run(item, deadline: Date().timeIntervalSince1970 + seconds)
            }
            #expect(try store.list(bucket: "b", prefix: "run/").isEmpty)
            return error.description
        }
    }

    @Test("A store that does not answer is not waited for beyond the deadline")
    func stalledHeader() throws {
        #expect(
            try message { _ in true } == "rank 0: stopped at the deadline, opening p/1.pt: 0 galaxies done")
    }

    @Test("A store that stops answering is not waited for beyond the deadline, and the error has the galaxies done")
    func stalledGalaxies() throws {
        // On a machine with other work, opening may take longer than the first of these deadlines leaves.
        var deadlines = [3.0, 10, 30, 100].makeIterator()
        let message: String = try attempt("a partition opened before the deadline", upTo: 4) { found in
            found = try self.message(seconds: deadlines.next() ?? 100) { $0.contains(6 << 20) }
            return found.contains(", opening ") ? nil : found
        }
        let words = message.split(separator: " ")
        #expect(message.hasPrefix("rank 0: stopped at the deadline: "))
        #expect(message.hasSuffix(" of 444 galaxies done; without RUN_ID none is kept"))
        let done = try #require(words.count > 6 ? Int(words[6]) : nil)
        #expect(done < 444)
    }
}
