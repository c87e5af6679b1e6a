import Inference

/// Receives what a job reports while it runs, on the thread that runs it.
public protocol JobEvents {
    /// The galaxies that are done. Called at the beginning, and about ten times a second.
    func progress(_ progress: Progress)
    /// No progress follows: the galaxies are done, or the job has failed.
    func progressEnded()
    /// An assumption, such as a number of heads that the weights do not state.
    func notice(_ message: String)
    /// Something that may be wrong with the output.
    func warning(_ message: String)
}

/// Ignores all events.
public struct NoEvents: JobEvents {
    public init() {}
    public func progress(_ progress: Progress) {}
    public func progressEnded() {}
    public func notice(_ message: String) {}
    public func warning(_ message: String) {}
}
