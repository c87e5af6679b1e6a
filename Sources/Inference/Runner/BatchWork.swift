import Platform
import Synchronization

/// The state that the threads of one run share.
final class Work: Sendable {
    let plan: WorkPlan
    private let next = Atomic<Int>(0)
    /// Galaxies that are done.
    let done = Atomic<Int>(0)
    /// The number of unfinished chunks of each section.
    private let left: Mutex<[Int]>
    /// The earliest failure. Chunks are handed out in order up to the first one known to fail, and always finished: the
    /// earliest chunk that fails is always among those that were tried.
    private let earliest = Mutex<Failed?>(nil)

    private struct Failed {
        let section: Int
        /// Twice the number of the chunk, and one less for its section's checksums, which count before its galaxies.
        let order: Int
        let error: Failure
    }

    init(_ plan: WorkPlan) {
        self.plan = plan
        var left = [Int](repeating: 0, count: plan.verifications.count)
        for chunk in plan.chunks { left[chunk.section] += 1 }
        self.left = Mutex(left)
    }

    var failure: Failure? { earliest.withLock { $0?.error } }

    func takeNext() -> Int? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < plan.chunks.count && isWanted(2 * index) ? index : nil
    }

    /// Whether nothing has failed before.
    private func isWanted(_ order: Int) -> Bool { earliest.withLock { $0.map { order < $0.order } ?? true } }

    /// - Returns: whether this was the section's last open chunk.
    func finishChunk(of section: Int) -> Bool {
        left.withLock { left in
            left[section] -= 1
            return left[section] == 0
        }
    }

    /// Whether the checksums of a section, all of whose chunks have ended, are to be compared now: nothing before it has
    /// failed, and no deadline has passed, after which no bytes are fetched for a checksum.
    func isToBeVerified(_ section: Int) -> Bool {
        guard !plan.verifications[section].isInflation else { return false }
        return earliest.withLock { failed in
            guard let failed else { return true }
            return failed.section >= section && failed.error.kind != .deadline && failed.error.kind != .cancelled
        }
    }

    /// The section with the earliest failure, where its checksums were not compared since not all of its chunks were run.
    var undecided: Int? {
        guard let failed = earliest.withLock({ $0 }), failed.error.kind == .input,
            !plan.verifications[failed.section].isInflation
        else { return nil }
        return left.withLock { $0[failed.section] > 0 } ? failed.section : nil
    }

    /// The checksums of the section are wrong, or cannot be compared.
    func fail(section: Int, _ error: Failure) {
        fail(Failed(section: section, order: 2 * plan.first[section] - 1, error: error))
    }

    func fail(_ index: Int, _ error: Failure) {
        fail(Failed(section: plan.chunks[index].section, order: 2 * index, error: error))
    }

    private func fail(_ failed: Failed) {
        earliest.withLock { earlier in
            if let earlier, earlier.order < failed.order { return }
            earlier = failed
        }
    }
}
