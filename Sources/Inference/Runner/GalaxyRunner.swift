import AstroMAE
import Platform
import TensorFiles

/// Runs a task over galaxies on several threads.
///
/// Threads are started once and joined. Each has its own worker, takes the next micro-batch from a shared counter and
/// passes the galaxies' indices to the worker, so that neither the order nor the bits of the result depend on timing.
/// Images are read from their files and not kept.
public struct GalaxyRunner: Sendable {
    /// The most threads to use.
    public let threads: Int
    /// The most galaxies of one micro-batch. Fewer galaxies than `threads * batchSize` are split into smaller ones, so
    /// that no thread is idle.
    public let batchSize: Int

    /// OpenBLAS keeps a table of its callers and does not survive more than 128 of them.
    private static let mostCallersOfOpenBLAS = 128

    /// - Parameters:
    ///   - gemm: the matrix product of the task's network.
    ///   - threads, batchSize: at least 1; smaller values count as 1.
    public init(gemm: GemmBackend, threads: Int, batchSize: Int) {
        self.threads = max(1, min(threads, gemm == .openblas ? Self.mostCallersOfOpenBLAS : Int.max))
        self.batchSize = max(1, batchSize)
    }

    /// Runs the task over the galaxies of the sections in their order, without those that are finished.
    ///
    /// A partition's checksums are compared by the run that has its first galaxy: runs that share a partition read the
    /// rows that they need, and one of them reads all of it.
    ///
    /// - Parameters:
    ///   - sections: of `GalaxyRun.sections`, all of them in its order.
    ///   - profile: gets the counts and times of all threads' kernel calls.
    ///   - deadline: no micro-batch is started that would end after it, judging by the duration of earlier ones.
    ///   - progress: called on the calling thread, about ten times a second, and not after the last galaxy.
    /// - Throws: the error of the earliest galaxies that cannot be read, independent of timing;
    ///   `Failure.stopped` at the deadline.
    public func run(
        _ task: some GalaxyTask, over sections: [GalaxyRun.Section], profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(Failure) -> GalaxyRun {
        let clock = ContinuousClock()
        let start = clock.now
        let finished = task.finished
        for section in sections {
            if !section.isVerified { section.partition.releaseImages(outside: section.rows) }
            let offset = section.rows.lowerBound - section.places.lowerBound
            for done in finished.ranges where done.overlaps(section.places) {
                let places = done.clamped(to: section.places)
                section.partition.releaseImages(places.lowerBound + offset..<places.upperBound + offset)
            }
        }
        let total = sections.galaxyCount - finished.count
        let rows = min(batchSize, max(1, (total + threads - 1) / threads))
        var pending: [GalaxyRun.Section] = []
        for section in sections {
            if !finished.gaps(in: section.places).isEmpty {
                pending.append(section)
            } else if !finished.verified.contains(section.places) {
                try Self.verify(section, task)
                section.partition.release()
            }
        }
        let work = Work(chunks: Self.chunks(of: pending, without: finished, rows: rows), sections: pending.count)
        let workers =
            work.chunks.isEmpty
            ? 0
            : compute(task, work, pending, rows: rows, profile: profile, until: deadline) {
                progress(Progress(done: work.done.load(ordering: .relaxed), total: total))
            }
        if let failure = work.failure.withLock({ $0 }) {
            guard failure.error.kind == .deadline else { throw failure.error }
            throw .stopped(done: work.done.load(ordering: .relaxed), total: total)
        }
        guard workers > 0 || work.chunks.isEmpty else {
            throw Failure(.unavailable, "the system gives no thread to work on")
        }
        return GalaxyRun(
            sections: sections, computed: total, seconds: (clock.now - start) / .seconds(1), threads: workers)
    }

    /// Computes all chunks while comparing the partitions' checksums.
    /// - Returns: the number of threads that computed.
    private func compute(
        _ task: some GalaxyTask, _ work: Work, _ sections: [GalaxyRun.Section], rows: Int, profile: Profile?,
        until deadline: ContinuousClock.Instant?, whileWaiting: () -> Void
    ) -> Int {
        let auditor = WorkerThread { Self.verify(sections, work, task) }
        let count = min(threads, work.chunks.count)
        let workers = WorkerThreads.run(
            count: count, on: Processors().pinning(threads: count), whileWaiting: whileWaiting
        ) {
            do throws(Failure) {
                let worker = try task.makeWorker(capacity: rows, profile: profile)
                WorkLoop(sections: sections, work: work, ahead: count, deadline: deadline).run(task, worker)
            } catch {
                work.fail(0, error)
            }
        }
        if workers == 0 { work.stop() }
        auditor?.join()
        if auditor == nil { Self.verify(sections, work, task) }
        return workers
    }

    /// Compares the checksums of partition after partition, one ahead of the computing threads, which also loads the
    /// next partition's pages and inflates it. A remote partition is verified after it is computed, so that it is
    /// transferred once, in the order of the computation.
    private static func verify(_ sections: [GalaxyRun.Section], _ work: Work, _ task: some GalaxyTask) {
        let finished = task.finished
        for (index, section) in sections.enumerated() {
            guard work.waitToVerify(index, last: section.partition.isVerifiedLast) else { return }
            // Galaxies of the section are still to be computed. A file may have changed since an earlier run compared its
            // checksums, whatever its times; an object is known by its ETag.
            let isKnown = section.partition.isVerifiedLast && finished.verified.contains(section.places)
            let isResumed = finished.gaps(in: section.places) != [section.places]
            if !isKnown {
                do throws(Failure) { try verify(section, task, isNeeded: isResumed) } catch {
                    work.fail(section: index, error)
                }
            }
            if work.finishPart(of: index) { section.partition.release() }
        }
    }

    /// - Parameter isNeeded: whether it is compared even if another run of those that share the partition compares it.
    private static func verify(
        _ section: GalaxyRun.Section, _ task: some GalaxyTask, isNeeded: Bool = false
    ) throws(Failure) {
        guard section.isVerified || isNeeded && !section.partition.isVerifiedLast else { return }
        do throws(Failure) {
            try section.partition.verify()
        } catch {
            // What cannot be read, at a deadline for instance, is not wrong. Report the first error.
            if ![.cancelled, .deadline, .denied, .unavailable].contains(error.kind) {
                try? task.didReject(section.places)
            }
            throw error
        }
        try task.didVerify(section.places)
    }

    private static func chunks(
        of sections: [GalaxyRun.Section], without finished: FinishedGalaxies, rows: Int
    ) -> [Chunk] {
        var chunks: [Chunk] = []
        for (index, section) in sections.enumerated() {
            var isFirst = true
            let offset = section.rows.lowerBound - section.places.lowerBound
            for gap in finished.gaps(in: section.places) {
                for place in stride(from: gap.lowerBound, to: gap.upperBound, by: rows) {
                    let end = min(place + rows, gap.upperBound)
                    chunks.append(
                        Chunk(section: index, rows: place + offset..<end + offset, place: place, isFirst: isFirst))
                    isFirst = false
                }
            }
        }
        return chunks
    }
}

/// One thread's part of a run.
private struct WorkLoop {
    let sections: [GalaxyRun.Section]
    let work: Work
    /// Read ahead by this many chunks: the next one of this thread.
    let ahead: Int
    let deadline: ContinuousClock.Instant?

    func run<Task: GalaxyTask>(_ task: Task, _ worker: Task.Worker) {
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
            do throws(Failure) {
                try partition.readMagnitudes(chunk.rows, into: &magnitudes)
                try partition.withImages(chunk.rows, buffer: &images) { images throws(Failure) in
                    try worker.run(
                        images: images, magnitudes: magnitudes.span, count: chunk.rows.count, at: chunk.place)
                }
                try partition.checkIntact()
                try task.didFinish(chunk.place..<chunk.place + chunk.rows.count)
                work.finish(chunk)
                partition.release(chunk.rows)
            } catch {
                work.fail(index, error)
            }
            if work.finishPart(of: chunk.section) { partition.release() }
        }
    }
}
