import Platform
import TensorFiles

extension TensorFile {
    /// A readable file whose tensors are not galaxies.
    /// - Parameter tensor: the tensor with the error, if it is in one.
    func failure(of tensor: String? = nil, _ message: String) -> Failure {
        Failure(name, tensor.map { "\($0): \(message)" } ?? message)
    }
}

extension Failure {
    /// The deadline passed before the last galaxy.
    package static func stopped(done: Int, total: Int) -> Failure {
        Failure(.deadline, "stopped at the deadline: \(done) of \(total) galaxies done")
    }
}
