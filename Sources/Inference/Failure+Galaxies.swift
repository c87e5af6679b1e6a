import Platform

extension Failure {
    /// A readable file whose tensors are not galaxies.
    /// - Parameter tensor: the tensor with the error, if it is in one.
    static func partition(file: String, tensor: String?, message: String) -> Failure {
        Failure(file, tensor.map { "\($0): \(message)" } ?? message)
    }

    /// The deadline passed before the last galaxy.
    package static func stopped(done: Int, total: Int) -> Failure {
        Failure(.deadline, "stopped at the deadline: \(done) of \(total) galaxies done")
    }
}
