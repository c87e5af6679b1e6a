import AstroMAE
import Platform
import TensorFiles

/// How far a run has come.
public struct Progress: Sendable, Equatable {
    /// Galaxies that are done.
    public let done: Int
    /// Galaxies to do.
    public let total: Int

    public init(done: Int, total: Int) {
        self.done = done
        self.total = total
    }
}

/// What is to be done with galaxies, micro-batch by micro-batch, on several threads at once: see `GalaxyRunner`.
public protocol GalaxyTask: Sendable {
    associatedtype Worker: GalaxyWorker

    /// What one thread does it with. Called on that thread, so that its pages are near it.
    /// - Parameters:
    ///   - capacity: the most galaxies of one micro-batch.
    ///   - profile: gets the counts and times of the worker's kernel calls.
    /// - Throws: `Failure` of kind `outOfMemory`; ends the run.
    func makeWorker(capacity: Int, profile: Profile?) throws(Failure) -> Worker

    /// Galaxies that are not run, since their results are there.
    var finished: FinishedGalaxies { get }

    /// Told, on the thread that did it, that a micro-batch is done, and that its file was as it should be until then.
    /// - Parameter places: of its galaxies among all of the run.
    /// - Throws: where that cannot be noted; ends the run.
    func didFinish(_ places: Range<Int>) throws(Failure)

    /// Told that a section's checksums are right.
    func didVerify(_ section: Range<Int>) throws(Failure)

    /// Told that they are wrong: what `didFinish` was told of galaxies of the section is void.
    func didReject(_ section: Range<Int>) throws(Failure)
}

extension GalaxyTask {
    public var finished: FinishedGalaxies { FinishedGalaxies() }
    public func didFinish(_ places: Range<Int>) throws(Failure) {}
    public func didVerify(_ section: Range<Int>) throws(Failure) {}
    public func didReject(_ section: Range<Int>) throws(Failure) {}
}

/// One thread's part of a task: its workspace, and where results go. Never used by two threads.
public protocol GalaxyWorker: AnyObject {
    /// Does a micro-batch. Different workers have theirs at the same time, in any order; each galaxy comes once.
    /// - Parameters:
    ///   - images: [count, bands, size, size]
    ///   - magnitudes: [count, bands]; empty where images are read alone.
    ///   - place: of the first galaxy among all of the run, from 0 in the order of the inputs.
    /// - Throws: where results cannot be written; ends the run.
    func run(images: Span<Float>, magnitudes: Span<Float>, count: Int, at place: Int) throws(Failure)
}
