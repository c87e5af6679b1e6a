import AstroMAE
import Platform

/// The progress of a run.
public struct Progress: Sendable, Equatable {
    /// Galaxies that are done, those of an earlier run included.
    public let done: Int
    /// All galaxies.
    public let total: Int
    /// Galaxies that an earlier run had finished: no part of this run's rate.
    public let before: Int

    public init(done: Int, total: Int, before: Int = 0) {
        (self.done, self.total, self.before) = (done, total, before)
    }
}

/// A computation over galaxies, micro-batch by micro-batch, on several threads at once: see `GalaxyRunner`.
public protocol GalaxyTask: Sendable {
    associatedtype Worker: GalaxyWorker

    /// The worker of one thread. Called on that thread, so that its memory is on the same NUMA node.
    /// - Parameters:
    ///   - capacity: the maximum number of galaxies of one micro-batch.
    ///   - profile: gets the counts and times of the worker's kernel calls.
    /// - Throws: `Failure` of kind `outOfMemory`; ends the run.
    func makeWorker(capacity: Int, profile: Profile?) throws(Failure) -> Worker

    /// Galaxies with results from an earlier run, which are not run again.
    var finished: FinishedGalaxies { get }

    /// Called, on the thread that computed it, when a micro-batch is done and its file was unchanged until then.
    /// - Parameter places: the indices of its galaxies among all of the run.
    /// - Throws: where it cannot be recorded; ends the run.
    func didFinish(_ places: Range<Int>) throws(Failure)

    /// Called when the checksums of a section are correct.
    func didVerify(_ section: Range<Int>) throws(Failure)

    /// Called when the checksums of a section are wrong: earlier calls of `didFinish` for its galaxies are void.
    func didReject(_ section: Range<Int>) throws(Failure)
}

extension GalaxyTask {
    public var finished: FinishedGalaxies { FinishedGalaxies() }
    public func didFinish(_ places: Range<Int>) throws(Failure) {}
    public func didVerify(_ section: Range<Int>) throws(Failure) {}
    public func didReject(_ section: Range<Int>) throws(Failure) {}
}

/// The workspace of one thread, and the destination of its results. Used by one thread only.
public protocol GalaxyWorker: AnyObject {
    /// Computes a micro-batch. Workers run concurrently, in any order; each galaxy is computed once.
    /// - Parameters:
    ///   - images: [count, bands, size, size]
    ///   - magnitudes: [count, bands]; empty for a network without magnitudes.
    ///   - place: index of the first galaxy among all of the run, from 0 in the order of the inputs.
    /// - Throws: where results cannot be written; ends the run.
    func run(images: Span<Float>, magnitudes: Span<Float>, count: Int, at place: Int) throws(Failure)
}
