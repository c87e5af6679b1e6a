import AstroMAE
import TensorFiles

/// Runs a task over galaxies on several threads.
///
/// Threads are made once and joined. Each makes its own worker, takes the next micro-batch from a shared counter and tells
/// the worker the galaxies' own places, so that neither the order nor the bits of the result depend on which thread was
/// faster. Images stay in their files.
public struct GalaxyRunner: Sendable {
    /// The most threads to use.
    public let threads: Int
    /// The most galaxies of one micro-batch. Fewer galaxies than `threads * batchSize` are dealt in smaller ones, so that
    /// no thread stands idle.
    public let batchSize: Int

    /// OpenBLAS keeps a table of its callers and does not survive more than 128 of them.
    private static let mostCallersOfOpenBLAS = 128

    /// - Parameters:
    ///   - gemm: what the task's network multiplies matrices with.
    ///   - threads, batchSize: at least 1; smaller values count as 1.
    public init(gemm: GemmBackend, threads: Int, batchSize: Int) {
        self.threads = max(1, min(threads, gemm == .openblas ? Self.mostCallersOfOpenBLAS : Int.max))
        self.batchSize = max(1, batchSize)
    }

    /// Runs the task over the first `limit` galaxies (all, if nil) of the partitions in their order.
    public func run(
        _ task: some GalaxyTask, over partitions: [PartitionReader], limit: Int? = nil, profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(InferenceError) -> GalaxyRun {
        try run(
            task, over: partitions, galaxies: 0..<(limit ?? Int.max), profile: profile, until: deadline,
            progress: progress)
    }

    /// Runs the task over some of the galaxies of the partitions in their order.
    ///
    /// A partition's checksums are compared by the run that has its first galaxy: runs that share a partition read the
    /// rows that they need, and one of them reads all of it.
    ///
    /// - Parameters:
    ///   - galaxies: counted from the first of all partitions; those that are there are run. Partitions that have none of
    ///     them are not touched.
    ///   - profile: gets the counts and times of all threads' kernel calls.
    ///   - deadline: no micro-batch is begun that would not be done by then, if it took as long as those before it.
    ///   - progress: called on the calling thread, about ten times a second, and not after the last galaxy.
    /// - Throws: the error of the earliest galaxies that cannot be read, whichever thread met its own first;
    ///   `InferenceError.stopped` at the deadline.
    public func run(
        _ task: some GalaxyTask, over partitions: [PartitionReader], galaxies: Range<Int>, profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(InferenceError) -> GalaxyRun {
        let clock = ContinuousClock()
        let start = clock.now
        let sections = GalaxyRun.sections(of: partitions, galaxies: galaxies)
        for section in sections where !section.isVerified { section.partition.releaseImages(outside: section.rows) }
        let total = sections.reduce(0) { $0 + $1.count }
        let rows = min(batchSize, max(1, (total + threads - 1) / threads))
        let work = Work(chunks: Self.chunks(of: sections, rows: rows), sections: sections.count)
        let workers =
            work.chunks.isEmpty
            ? 0
            : compute(task, work, sections, rows: rows, profile: profile, until: deadline) {
                progress(Progress(done: work.done.load(ordering: .relaxed), total: total))
            }
        if let failure = work.failure.withLock({ $0 }) {
            guard case .stopped = failure.error else { throw failure.error }
            throw .stopped(done: work.done.load(ordering: .relaxed), total: total)
        }
        guard workers > 0 || work.chunks.isEmpty else {
            throw .threads(message: "the system gives no thread to work on")
        }
        return GalaxyRun(sections: sections, seconds: (clock.now - start) / .seconds(1), threads: workers)
    }

    /// Computes all chunks, and meanwhile compares the partitions' checksums.
    /// - Returns: the number of threads that computed.
    private func compute(
        _ task: some GalaxyTask, _ work: Work, _ sections: [GalaxyRun.Section], rows: Int, profile: Profile?,
        until deadline: ContinuousClock.Instant?, whileWaiting: () -> Void
    ) -> Int {
        let auditor = WorkerThread { Self.verify(sections, work) }
        let count = min(threads, work.chunks.count)
        let workers = WorkerThreads.run(
            count: count, on: Processors().places(threads: count), whileWaiting: whileWaiting
        ) {
            WorkLoop(sections: sections, work: work, ahead: count, deadline: deadline)
                .run(task.makeWorker(capacity: rows, profile: profile))
        }
        if workers == 0 { work.stop() }
        auditor?.join()
        if auditor == nil { Self.verify(sections, work) }
        return workers
    }

    /// Compares the checksums of partition after partition, one ahead of those that compute, which loads the next one's
    /// pages and inflates it, too. Of a partition that comes from far, behind them: it is transferred in the order in
    /// which it is computed, and once.
    private static func verify(_ sections: [GalaxyRun.Section], _ work: Work) {
        for (index, section) in sections.enumerated() {
            guard work.waitToVerify(index, last: section.partition.isVerifiedLast) else { return }
            if section.isVerified {
                do throws(InferenceError) { try section.partition.verify() } catch { work.fail(section: index, error) }
            }
            if work.finishPart(of: index) { section.partition.release() }
        }
    }

    private static func chunks(of sections: [GalaxyRun.Section], rows: Int) -> [Chunk] {
        var chunks: [Chunk] = []
        var place = 0
        for (index, section) in sections.enumerated() {
            let all = section.rows
            for start in stride(from: all.lowerBound, to: all.upperBound, by: rows) {
                let end = min(start + rows, all.upperBound)
                chunks.append(
                    Chunk(
                        section: index, rows: start..<end, place: place + start - all.lowerBound,
                        isFirst: start == all.lowerBound))
            }
            place += section.count
        }
        return chunks
    }
}

/// One thread's part of a run.
private struct WorkLoop {
    let sections: [GalaxyRun.Section]
    let work: Work
    /// As many chunks from the one that is computed, the file is loaded: the next one for this thread.
    let ahead: Int
    let deadline: ContinuousClock.Instant?

    func run(_ worker: some GalaxyWorker) {
        var images: [Float] = []
        var magnitudes: [Float] = []
        var longest = Duration.zero
        while let index = work.takeNext() {
            let chunk = work.chunks[index]
            let start = ContinuousClock.now
            if let deadline, start + longest >= deadline {
                work.fail(index, .stopped(done: 0, total: 0))
                return
            }
            defer { longest = max(longest, ContinuousClock.now - start) }
            let partition = sections[chunk.section].partition
            if index + ahead < work.chunks.count {
                let next = work.chunks[index + ahead]
                sections[next.section].partition.prefetch(next.rows)
            }
            do throws(InferenceError) {
                try partition.readMagnitudes(chunk.rows, into: &magnitudes)
                try partition.withImages(chunk.rows, buffer: &images) { images throws(TensorFileError) in
                    try worker.run(
                        images: images, magnitudes: magnitudes.span, count: chunk.rows.count, at: chunk.place)
                }
                work.finish(chunk)
                partition.release(chunk.rows)
            } catch {
                work.fail(index, error)
            }
            if work.finishPart(of: chunk.section) { partition.release() }
        }
    }
}
