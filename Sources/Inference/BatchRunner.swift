import AstroMAE
import Synchronization
import TensorFiles

/// How far a run has come.
public struct Progress: Sendable, Equatable {
    /// Galaxies that have their redshift.
    public let done: Int
    /// Galaxies to do.
    public let total: Int
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

    /// The redshifts of the first `limit` galaxies (all, if nil) of the partitions in their order.
    ///
    /// - Parameter progress: called on the calling thread, about ten times a second, and not after the last galaxy.
    /// - Throws: the error of the earliest galaxies that cannot be read, whichever thread met its own first.
    public func run(
        _ partitions: [PartitionReader], limit: Int? = nil, progress: (Progress) -> Void = { _ in }
    ) throws(InferenceError) -> Predictions {
        let clock = ContinuousClock()
        let start = clock.now
        let sections = Self.sections(of: partitions, limit: limit)
        let total = sections.reduce(0) { $0 + $1.count }
        let rows = min(batchSize, max(1, (total + threads - 1) / threads))
        let work = Work(chunks: Self.chunks(of: sections, rows: rows), sections: sections.count, galaxies: total)
        let workers = WorkerThreads.run(count: min(threads, work.chunks.count)) {
            progress(Progress(done: work.done.load(ordering: .relaxed), total: total))
        } body: { [model] in
            Worker(model: model, sections: sections, work: work).run(capacity: rows)
        }
        if let failure = work.failure.withLock({ $0 }) { throw failure.error }
        guard workers > 0 || work.chunks.isEmpty else {
            throw .threads(message: "the system gives no thread to work on")
        }
        return Predictions(
            sections: sections, redshifts: work.redshifts.withLock { $0 }, seconds: (clock.now - start) / .seconds(1),
            threads: workers)
    }

    private static func sections(of partitions: [PartitionReader], limit: Int?) -> [Predictions.Section] {
        var left = limit ?? Int.max
        var sections: [Predictions.Section] = []
        for partition in partitions where left > 0 {
            let count = min(left, partition.count)
            sections.append(Predictions.Section(partition: partition, count: count))
            left -= count
        }
        return sections
    }

    private static func chunks(of sections: [Predictions.Section], rows: Int) -> [Chunk] {
        var chunks: [Chunk] = []
        var place = 0
        for (index, section) in sections.enumerated() {
            for start in stride(from: 0, to: section.count, by: rows) {
                let end = min(start + rows, section.count)
                chunks.append(Chunk(section: index, rows: start..<end, place: place + start))
            }
            place += section.count
        }
        return chunks
    }
}

/// A micro-batch: rows of one partition, and where their redshifts go.
private struct Chunk: Sendable {
    let section: Int
    let rows: Range<Int>
    let place: Int
}

/// What the threads of one run share.
private final class Work: Sendable {
    let chunks: [Chunk]
    let next = Atomic<Int>(0)
    let done = Atomic<Int>(0)
    let redshifts: Mutex<[Float]>
    /// Chunks of each section that are not done.
    let left: Mutex<[Int]>
    /// The failure of the earliest chunk. Chunks are dealt in order and finished once dealt, so that the earliest of all
    /// chunks that would fail is always among those that were tried.
    let failure = Mutex<(chunk: Int, error: InferenceError)?>(nil)

    init(chunks: [Chunk], sections: Int, galaxies: Int) {
        self.chunks = chunks
        var left = [Int](repeating: 0, count: sections)
        for chunk in chunks { left[chunk.section] += 1 }
        self.left = Mutex(left)
        redshifts = Mutex([Float](repeating: .nan, count: galaxies))
    }

    func takeNext() -> Int? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < chunks.count ? index : nil
    }

    /// - Returns: whether it was the last chunk of its section.
    func finish(_ chunk: Chunk, _ values: Span<Float>) -> Bool {
        redshifts.withLock { redshifts in
            for index in values.indices { redshifts[chunk.place + index] = values[index] }
        }
        done.wrappingAdd(chunk.rows.count, ordering: .relaxed)
        return left.withLock { left in
            left[chunk.section] -= 1
            return left[chunk.section] == 0
        }
    }

    func fail(_ index: Int, _ error: InferenceError) {
        failure.withLock { failure in
            if let earlier = failure, earlier.chunk < index { return }
            failure = (index, error)
        }
        next.store(chunks.count, ordering: .relaxed)
    }
}

/// One thread's part of a run.
private struct Worker {
    let model: RedshiftModel
    let sections: [Predictions.Section]
    let work: Work

    func run(capacity: Int) {
        var workspace = Workspace(for: model, capacity: capacity)
        var images: [Float] = []
        var magnitudes: [Float] = []
        var redshifts: [Float] = []
        while let index = work.takeNext() {
            let chunk = work.chunks[index]
            let partition = sections[chunk.section].partition
            if redshifts.count != chunk.rows.count { redshifts = [Float](repeating: 0, count: chunk.rows.count) }
            do throws(InferenceError) {
                if chunk.rows.lowerBound == 0 { try partition.verify() }
                try partition.readMagnitudes(chunk.rows, into: &magnitudes)
                try partition.withImages(chunk.rows, buffer: &images) { images throws(TensorFileError) in
                    var span = redshifts.mutableSpan
                    model.predict(images: images, magnitudes: magnitudes.span, into: &span, workspace: &workspace)
                }
                if work.finish(chunk, redshifts.span) { partition.release() }
            } catch {
                work.fail(index, error)
            }
        }
    }
}
