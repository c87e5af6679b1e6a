import AstroMAE
import Foundation
import Inference
import Platform
import Synchronization

/// All that a run does with a galaxy but the network's forward pass, in place of which a thread waits: reading, flags,
/// results and their journal.
struct WaitingTask: GalaxyTask {
    /// Of each micro-batch.
    let seconds: Double
    let journal: PredictionJournal?
    let results: Results

    final class Results: Sendable {
        fileprivate let values: Mutex<(redshifts: [Float], flags: [PredictionFlags])>
        /// Nanoseconds of all threads in which results and journal were written, with the waits for their locks.
        let nanoseconds = Atomic<Int>(0)

        init(count: Int) {
            values = Mutex(
                ([Float](repeating: .nan, count: count), [PredictionFlags](repeating: [], count: count)))
        }

        /// Galaxies without a result.
        var missing: Int { values.withLock { $0.redshifts.count { $0.isNaN } } }

        fileprivate func timed(_ body: () throws(Failure) -> Void) throws(Failure) {
            let start = ContinuousClock.now
            defer {
                let passed = (ContinuousClock.now - start) / .nanoseconds(1)
                nanoseconds.wrappingAdd(Int(passed), ordering: .relaxed)
            }
            try body()
        }
    }

    func makeWorker(capacity: Int, profile: Profile?) -> Worker { Worker(self) }

    func didFinish(_ places: Range<Int>) throws(Failure) {
        guard let journal else { return }
        try results.timed { () throws(Failure) in
            let (redshifts, flags) = results.values.withLock { (Array($0.redshifts[places]), Array($0.flags[places])) }
            try journal.append(places, redshifts: redshifts[...], flags: flags[...])
        }
    }

    final class Worker: GalaxyWorker {
        private let task: WaitingTask

        init(_ task: WaitingTask) { self.task = task }

        func run(images: Span<Float>, magnitudes: Span<Float>, count: Int, at place: Int) throws(Failure) {
            if task.seconds > 0 { Thread.sleep(forTimeInterval: task.seconds) }
            var flags: [PredictionFlags] = []
            let (pixels, bands) = (images.count / count, magnitudes.count / count)
            for index in 0..<count {
                flags.append(
                    PredictionFlags(
                        image: images.extracting(index * pixels..<(index + 1) * pixels),
                        magnitudes: magnitudes.extracting(index * bands..<(index + 1) * bands)))
            }
            try task.results.timed { () throws(Failure) in
                task.results.values.withLock { values in
                    let places = place..<place + count
                    values.redshifts.replaceSubrange(places, with: repeatElement(0, count: count))
                    values.flags.replaceSubrange(places, with: flags)
                }
            }
        }
    }
}
