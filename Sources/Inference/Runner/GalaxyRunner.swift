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
    /// The maximum number of galaxies of one micro-batch. Fewer galaxies than `threads * batchSize` are split into smaller ones, so
    /// that no thread is idle.
    public let batchSize: Int
    /// Whether threads may be pinned to processors: not in the process of another program, whose own threads run there.
    private let pinsThreads: Bool

    /// OpenBLAS keeps a table of its callers and does not survive more than 128 of them.
    private static let mostCallersOfOpenBLAS = 128

    /// - Parameters:
    ///   - gemm: the matrix product of the task's network.
    ///   - threads, batchSize: at least 1; smaller values count as 1.
    ///   - pinsThreads: whether threads may be pinned to processors: see `Processors.pinning`.
    public init(gemm: GemmBackend, threads: Int, batchSize: Int, pinsThreads: Bool = true) {
        self.threads = max(1, min(threads, gemm == .openblas ? Self.mostCallersOfOpenBLAS : Int.max))
        self.batchSize = max(1, batchSize)
        self.pinsThreads = pinsThreads
    }

    /// Runs the task over the galaxies of the sections in their order, without those that are finished.
    ///
    /// A partition's checksums are compared by the run that has its first galaxy: runs that share a partition read the
    /// rows that they need, and one of them reads all of it. Threads compute them as they read the images, and inflate
    /// the deflated arrays of one file each ahead of the computation: see `WorkPlan`.
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
        let before = finished.count
        let total = sections.galaxyCount - before
        let rows = min(batchSize, max(1, (total + threads - 1) / threads))
        let work = Work(WorkPlan(sections, without: finished, rows: rows, threads: threads))
        let chunks = work.plan.chunks.count
        let count = min(threads, chunks)
        let loop = WorkLoop(
            sections: sections, work: work, rows: rows, ahead: count, profile: profile, deadline: deadline)
        let workers =
            count == 0
            ? 0
            : WorkerThreads.run(count: count, on: pinsThreads ? Processors().pinning(threads: count) : []) {
                progress(
                    Progress(
                        done: before + work.done.load(ordering: .relaxed), total: before + total, before: before))
            } body: {
                loop.run(task)
            }
        if let section = work.undecided { loop.verify(section, task) }
        if let failure = work.failure {
            guard failure.kind == .deadline else { throw failure }
            throw .stopped(done: work.done.load(ordering: .relaxed), total: total)
        }
        guard workers > 0 || chunks == 0 else {
            throw Failure(.unavailable, "the system refuses to start a thread")
        }
        return GalaxyRun(
            sections: sections, computed: total, seconds: (clock.now - start) / .seconds(1),
            threads: min(workers, work.plan.galaxyChunks))
    }
}

/// One thread's part of a run.
private struct WorkLoop: Sendable {
    let sections: [GalaxyRun.Section]
    let work: Work
    /// The most galaxies of a chunk.
    let rows: Int
    /// Read ahead by this many chunks: the next one of this thread.
    let ahead: Int
    let profile: Profile?
    let deadline: ContinuousClock.Instant?

    func run<Task: GalaxyTask>(_ task: Task) {
        var worker: Task.Worker?
        var room = Room()
        var longest = Duration.zero
        while let index = work.takeNext() {
            let chunk = work.plan.chunks[index]
            let start = ContinuousClock.now
            if let deadline, start + longest >= deadline {
                work.fail(index, .stopped(done: 0, total: 0))
                return
            }
            prefetch(index + ahead)
            do throws(Failure) {
                switch chunk.kind {
                case .galaxies(let rows, let place, let bytes):
                    if worker == nil { worker = try task.makeWorker(capacity: self.rows, profile: profile) }
                    guard let worker else { return }
                    try compute(task, worker, chunk.section, rows, at: place, bytes, &room)
                    longest = max(longest, ContinuousClock.now - start)
                case .bytes(let ranges): try sums(of: chunk.section)?.add(ranges)
                case .inflation: verify(chunk.section, task)
                }
            } catch {
                work.fail(index, error)
            }
            guard work.finishChunk(of: chunk.section) else { continue }
            if work.isToBeVerified(chunk.section) { verify(chunk.section, task) }
            sections[chunk.section].partition.release()
        }
    }

    /// Memory that a thread reuses.
    private struct Room {
        var images: [Float] = []
        var magnitudes: [Float] = []
    }

    private func compute<Task: GalaxyTask>(
        _ task: Task, _ worker: Task.Worker, _ section: Int, _ rows: Range<Int>, at place: Int, _ bytes: Range<Int>?,
        _ room: inout Room
    ) throws(Failure) {
        let partition = sections[section].partition
        if let bytes { try sums(of: section)?.add(bytes) }
        try partition.readMagnitudes(rows, into: &room.magnitudes)
        let magnitudes = room.magnitudes
        try partition.withImages(rows, buffer: &room.images) { images throws(Failure) in
            try worker.run(images: images, magnitudes: magnitudes.span, count: rows.count, at: place)
        }
        try partition.checkIntact()
        try task.didFinish(place..<place + rows.count)
        work.done.wrappingAdd(rows.count, ordering: .relaxed)
        partition.release(rows)
    }

    private func sums(of section: Int) -> EntrySums? {
        if case .sums(let sums) = work.plan.verifications[section] { sums } else { nil }
    }

    private func prefetch(_ index: Int) {
        guard index < work.plan.chunks.count else { return }
        let next = work.plan.chunks[index]
        switch next.kind {
        case .galaxies(let rows, _, _): sections[next.section].partition.prefetch(rows)
        case .bytes(let ranges): sums(of: next.section)?.prefetch(ranges)
        case .inflation: break
        }
    }

    /// Compares the checksums of a section.
    func verify(_ section: Int, _ task: some GalaxyTask) {
        let partition = sections[section].partition
        let places = sections[section].places
        do throws(Failure) {
            do throws(Failure) {
                switch work.plan.verifications[section] {
                case .none: return
                case .sums(let sums):
                    do throws(Failure) {
                        try sums.compare()
                    } catch {
                        // Sums of a file that another program writes meanwhile are wrong: that is the error to report.
                        try partition.checkIntact()
                        throw error
                    }
                case .inflation, .last: try partition.verify()
                }
                // Bytes that were summed after the galaxies were read are those that were read.
                try partition.checkIntact()
            } catch {
                // What cannot be read, at a deadline for instance, is not wrong. Report the first error.
                if ![.cancelled, .deadline, .denied, .unavailable].contains(error.kind) { try? task.didReject(places) }
                throw error
            }
            try task.didVerify(places)
        } catch {
            work.fail(section: section, error)
        }
    }
}
