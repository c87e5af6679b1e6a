import Dispatch
import Platform
import Synchronization

/// A micro-batch: rows of one partition, and the index of the first among all galaxies of the run.
struct Chunk: Sendable {
    let section: Int
    let rows: Range<Int>
    let place: Int
    /// Whether it is the first of its section.
    let isFirst: Bool
}

/// The state that the threads of one run share.
final class Work: Sendable {
    let chunks: [Chunk]
    let next = Atomic<Int>(0)
    let done = Atomic<Int>(0)
    /// The first chunk of each section.
    private let first: [Int]
    /// The number of unfinished chunks of each section, plus one until its checksums are compared.
    private let left: Monitor<[Int]>
    /// Counts sections whose checksums may be compared now.
    private let open = DispatchSemaphore(value: 0)
    /// The failure of the earliest chunk. Chunks are handed out in order up to the first one known to fail, and always
    /// finished: the earliest chunk that fails is always among those that were tried.
    let failure = Mutex<(chunk: Int, error: Failure)?>(nil)
    private let isStopped = Atomic<Bool>(false)

    init(chunks: [Chunk], sections: Int) {
        self.chunks = chunks
        var left = [Int](repeating: 1, count: sections)
        var first: [Int] = []
        for (index, chunk) in chunks.enumerated() {
            left[chunk.section] += 1
            if chunk.isFirst { first.append(index) }
        }
        self.left = Monitor(left)
        self.first = first
        // The first section and the one after it.
        open.signal()
        open.signal()
    }

    func takeNext() -> Int? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < chunks.count, isWanted(index) else { return nil }
        if chunks[index].isFirst, chunks[index].section > 0 { open.signal() }
        return index
    }

    /// Waits until the section before `section` has begun.
    /// - Parameter last: whether to wait until all chunks of the section are done, or one of them has failed.
    /// - Returns: false where the section need not be verified any more.
    func waitToVerify(_ section: Int, last: Bool) -> Bool {
        open.wait()
        if last { left.wait { $0[section] == 1 || isDisturbed(section) ? () : nil } }
        return isWanted(first[section]) && !isStopped.load(ordering: .relaxed) && !isTimeUp
    }

    /// Whether the deadline has passed, or fetching was stopped: then no bytes are fetched for a checksum.
    private var isTimeUp: Bool {
        failure.withLock { $0?.error.kind == .deadline || $0?.error.kind == .cancelled }
    }

    /// Whether some chunks of the section may never be done.
    private func isDisturbed(_ section: Int) -> Bool {
        let end = section + 1 < first.count ? first[section + 1] : chunks.count
        return isStopped.load(ordering: .relaxed) || !isWanted(end - 1)
    }

    /// Whether no earlier chunk has failed.
    private func isWanted(_ chunk: Int) -> Bool { failure.withLock { $0.map { chunk < $0.chunk } ?? true } }

    func finish(_ chunk: Chunk) { done.wrappingAdd(chunk.rows.count, ordering: .relaxed) }

    /// - Returns: whether this was the last open part of the section: a chunk, or the comparison of checksums.
    func finishPart(of section: Int) -> Bool {
        left.change { left in
            left[section] -= 1
            return left[section] == 0
        }
    }

    func fail(section: Int, _ error: Failure) { fail(first[section], error) }

    func fail(_ index: Int, _ error: Failure) {
        failure.withLock { failure in
            if let earlier = failure, earlier.chunk < index { return }
            failure = (index, error)
        }
        open.signal()
        left.change { _ in }
    }

    /// Ends all waits: no further chunk will be computed.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        open.signal()
        left.change { _ in }
    }
}
