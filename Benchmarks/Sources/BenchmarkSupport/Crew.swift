import AstroMAE
import Foundation
import Synchronization

/// Threads that stay alive between passes, each with a workspace of its own, as in production: a pass pays neither for
/// their start nor for the first touch of their memory.
public final class Crew: Sendable {
    public let threads: Int
    public let batchSize: Int
    private let model: RedshiftModel
    private let galaxies: Galaxies
    private let next = Atomic(0)
    private let redshifts: Mutex<[Float]>
    private let start = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)
    private let stopped = Atomic(false)

    public init(threads: Int, batchSize: Int, model: RedshiftModel, galaxies: Galaxies) {
        self.threads = threads
        self.batchSize = batchSize
        self.model = model
        self.galaxies = galaxies
        redshifts = Mutex([Float](repeating: .nan, count: galaxies.count))
        for _ in 0..<threads {
            let thread = Thread { [self] in work() }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Predicts every galaxy once.
    public func pass() -> (redshifts: [Float], seconds: Double) {
        next.store(0, ordering: .relaxed)
        redshifts.withLock { $0 = [Float](repeating: .nan, count: galaxies.count) }
        let clock = ContinuousClock()
        let begin = clock.now
        for _ in 0..<threads { start.signal() }
        for _ in 0..<threads { done.wait() }
        let elapsed = begin.duration(to: clock.now)
        return (redshifts.withLock { $0 }, elapsed / .seconds(1))
    }

    /// Ends the threads. A crew that is not dismissed lives as long as the process.
    public func dismiss() {
        stopped.store(true, ordering: .relaxed)
        for _ in 0..<threads { start.signal() }
        for _ in 0..<threads { done.wait() }
    }

    private func work() {
        var workspace = Workspace(for: model, capacity: batchSize)
        while true {
            start.wait()
            defer { done.signal() }
            if stopped.load(ordering: .relaxed) { return }
            while let rows = deal() {
                predict(rows, &workspace)
            }
        }
    }

    /// The next micro-batch that nobody has.
    private func deal() -> Range<Int>? {
        let first = next.wrappingAdd(batchSize, ordering: .relaxed).oldValue
        return first < galaxies.count ? first..<min(first + batchSize, galaxies.count) : nil
    }

    private func predict(_ rows: Range<Int>, _ workspace: inout Workspace) {
        let images = galaxies.images
        let magnitudes = galaxies.magnitudes
        let pixels = model.imageCount
        let bands = model.magnitudeCount
        var batch = [Float](repeating: .nan, count: rows.count)
        var span = batch.mutableSpan
        model.predict(
            images: images.span.extracting(rows.lowerBound * pixels..<rows.upperBound * pixels),
            magnitudes: magnitudes.span.extracting(rows.lowerBound * bands..<rows.upperBound * bands),
            into: &span, workspace: &workspace)
        redshifts.withLock { $0.replaceSubrange(rows, with: batch) }
    }
}
