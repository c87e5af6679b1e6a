import TensorFiles

/// Why galaxies could not be turned into predictions. Each case reads as one line.
public enum InferenceError: Error, Equatable, CustomStringConvertible {
    /// An argument that names no galaxies: a missing file, an empty folder, a pattern without matches, a file twice.
    case input(path: String, message: String)
    /// A readable file whose tensors are not galaxies. `tensor` is the offending one, if it is one.
    case partition(file: String, tensor: String?, message: String)
    /// A file that cannot be read or written.
    case file(TensorFileError)
    /// The reader of our output has gone away: nothing to report to anyone.
    case closedPipe
    /// A deadline came before the last galaxy.
    case stopped(done: Int, total: Int)
    /// The system gives no worker thread.
    case threads(message: String)

    public var description: String {
        switch self {
        case .input(let path, let message): "\(path): \(message)"
        case .partition(let file, let tensor?, let message): "\(file): \(tensor): \(message)"
        case .partition(let file, nil, let message): "\(file): \(message)"
        case .file(let error): error.description
        case .closedPipe: "the output was closed by its reader"
        case .stopped(let done, let total): "stopped at the deadline: \(done) of \(total) galaxies done"
        case .threads(let message): message
        }
    }
}

/// Runs `body` and passes on what it throws as an `InferenceError`.
func reading<Result>(_ body: () throws(TensorFileError) -> Result) throws(InferenceError) -> Result {
    do {
        return try body()
    } catch {
        throw .file(error)
    }
}
