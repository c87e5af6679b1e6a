/// What a part of the network runs with: the kernels, the memory that it overwrites, and the recorder of its stages.
/// Holds no memory of its own: making one allocates nothing.
struct Pass<Scratch> {
    let kernels: Kernels
    let scratch: Scratch
    /// Nil unless stages are recorded.
    let stages: StageRecorder?

    init(_ kernels: Kernels, _ scratch: Scratch, stages: StageRecorder?) {
        (self.kernels, self.scratch, self.stages) = (kernels, scratch, stages)
    }

    /// The same pass for a part with other scratch memory.
    @inline(__always)
    func with<Other>(_ scratch: Other) -> Pass<Other> { Pass<Other>(kernels, scratch, stages: stages) }
}
