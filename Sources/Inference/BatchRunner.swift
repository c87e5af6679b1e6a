import AstroMAE
import TensorFiles

/// How far a run has come.
public struct Progress: Sendable, Equatable {
    /// Galaxies that have their redshift.
    public let done: Int
    /// Galaxies to do.
    public let total: Int

    public init(done: Int, total: Int) {
        self.done = done
        self.total = total
    }
}

/// Runs a model over galaxies on several threads.
///
/// Threads are made once and joined. Each makes its own workspace, takes the next micro-batch from a shared counter and
/// puts its redshifts at the galaxies' own places, so that neither the order nor the bits of the result depend on which
/// thread was faster. Only the redshifts are held for all galaxies: images stay in their files.
public struct BatchRunner: Sendable {
    /// As many galaxies as the network passes through its heads together: their weights are then read once for all.
    public static let defaultBatchSize = 128

    private let model: RedshiftModel
    /// The most threads to use.
    public let threads: Int
    /// The most galaxies of one micro-batch. Fewer galaxies than `threads * batchSize` are dealt in smaller ones, so that
    /// no thread stands idle.
    public let batchSize: Int

    /// OpenBLAS keeps a table of its callers and does not survive more than 128 of them.
    private static let mostCallersOfOpenBLAS = 128

    /// - Parameters threads, batchSize: at least 1; smaller values count as 1.
    public init(model: RedshiftModel, threads: Int = Processors.available, batchSize: Int = defaultBatchSize) {
        self.model = model
        self.threads = max(1, min(threads, model.gemm == .openblas ? Self.mostCallersOfOpenBLAS : Int.max))
        self.batchSize = max(1, batchSize)
    }

    /// The redshifts of the galaxies of the partitions in their order: the first `limit` of them, or all, if nil.
    public func run(
        _ partitions: [PartitionReader], limit: Int? = nil, profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(InferenceError) -> Predictions {
        try run(partitions, galaxies: 0..<(limit ?? Int.max), profile: profile, until: deadline, progress: progress)
    }

    /// The redshifts of some of the galaxies of the partitions, counted from the first of all of them.
    ///
    /// A partition's checksums are compared by the run that has its first galaxy: runs that share a partition read the
    /// rows that they need, and one of them reads all of it.
    ///
    /// - Parameters:
    ///   - galaxies: those that are there are run; partitions that have none of them are not touched.
    ///   - profile: gets the counts and times of all threads' kernel calls.
    ///   - deadline: no micro-batch is begun that would not be done by then, if it took as long as those before it.
    ///   - progress: called on the calling thread, about ten times a second, and not after the last galaxy.
    /// - Throws: the error of the earliest galaxies that cannot be read, whichever thread met its own first;
    ///   `InferenceError.stopped` at the deadline.
    public func run(
        _ partitions: [PartitionReader], galaxies: Range<Int>, profile: Profile? = nil,
        until deadline: ContinuousClock.Instant? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(InferenceError) -> Predictions {
        let clock = ContinuousClock()
        let start = clock.now
        let sections = Self.sections(of: partitions, galaxies: galaxies)
        let total = sections.reduce(0) { $0 + $1.count }
        let rows = min(batchSize, max(1, (total + threads - 1) / threads))
        let work = Work(chunks: Self.chunks(of: sections, rows: rows), sections: sections.count, galaxies: total)
        let workers =
            work.chunks.isEmpty
            ? 0
            : compute(work, sections, rows: rows, profile: profile, until: deadline) {
                progress(Progress(done: work.done.load(ordering: .relaxed), total: total))
            }
        if let failure = work.failure.withLock({ $0 }) {
            guard case .stopped = failure.error else { throw failure.error }
            throw .stopped(done: work.done.load(ordering: .relaxed), total: total)
        }
        guard workers > 0 || work.chunks.isEmpty else {
            throw .threads(message: "the system gives no thread to work on")
        }
        return Predictions(
            sections: sections, redshifts: work.redshifts.withLock { $0 }, seconds: (clock.now - start) / .seconds(1),
            threads: workers)
    }

    /// Computes all chunks, and meanwhile compares the partitions' checksums.
    /// - Returns: the number of threads that computed.
    private func compute(
        _ work: Work, _ sections: [Predictions.Section], rows: Int, profile: Profile?,
        until deadline: ContinuousClock.Instant?, whileWaiting: () -> Void
    ) -> Int {
        let auditor = WorkerThread { Self.verify(sections, work) }
        let count = min(threads, work.chunks.count)
        let workers = WorkerThreads.run(
            count: count, on: Processors().places(threads: count), whileWaiting: whileWaiting
        ) {
            [model] in
            Worker(
                model: model, sections: sections, work: work, ahead: count, profile: profile, deadline: deadline
            ).run(capacity: rows)
        }
        if workers == 0 { work.stop() }
        auditor?.join()
        if auditor == nil { Self.verify(sections, work) }
        return workers
    }

    /// Compares the checksums of partition after partition, one ahead of those that compute, which loads the next one's
    /// pages and inflates it, too. Of a partition that comes from far, behind them: it is transferred in the order in
    /// which it is computed, and once.
    private static func verify(_ sections: [Predictions.Section], _ work: Work) {
        for (index, section) in sections.enumerated() {
            guard work.waitToVerify(index, last: section.partition.isVerifiedLast) else { return }
            if section.isVerified {
                do throws(InferenceError) { try section.partition.verify() } catch { work.fail(section: index, error) }
            }
            if work.finishPart(of: index) { section.partition.release() }
        }
    }

    private static func sections(of partitions: [PartitionReader], galaxies: Range<Int>) -> [Predictions.Section] {
        var place = 0
        var sections: [Predictions.Section] = []
        for partition in partitions {
            let here = galaxies.clamped(to: place..<place + partition.count)
            if !here.isEmpty {
                let rows = here.lowerBound - place..<here.upperBound - place
                let section = Predictions.Section(partition: partition, rows: rows)
                if !section.isVerified { partition.releaseImages(outside: rows) }
                sections.append(section)
            }
            place += partition.count
        }
        return sections
    }

    private static func chunks(of sections: [Predictions.Section], rows: Int) -> [Chunk] {
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
private struct Worker {
    let model: RedshiftModel
    let sections: [Predictions.Section]
    let work: Work
    /// As many chunks from the one that is computed, the file is loaded: the next one for this thread.
    let ahead: Int
    let profile: Profile?
    let deadline: ContinuousClock.Instant?

    func run(capacity: Int) {
        var workspace = Workspace(for: model, capacity: capacity, profile: profile)
        var images: [Float] = []
        var magnitudes: [Float] = []
        var redshifts: [Float] = []
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
            if redshifts.count != chunk.rows.count { redshifts = [Float](repeating: 0, count: chunk.rows.count) }
            do throws(InferenceError) {
                try partition.readMagnitudes(chunk.rows, into: &magnitudes)
                try partition.withImages(chunk.rows, buffer: &images) { images throws(TensorFileError) in
                    var span = redshifts.mutableSpan
                    model.predict(images: images, magnitudes: magnitudes.span, into: &span, workspace: &workspace)
                }
                work.finish(chunk, redshifts.span)
                partition.release(chunk.rows)
            } catch {
                work.fail(index, error)
            }
            if work.finishPart(of: chunk.section) { partition.release() }
        }
    }
}
