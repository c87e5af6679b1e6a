import Glibc
import Platform
import Synchronization

/// Calls in a process that was forked after earlier calls.
///
/// Swift's `Mutex` keeps a thread's number in the thread. In the one that a fork copies it is a number of the parent's, and
/// the process ends ("Unknown error occurred while attempting to acquire a Mutex") where another thread waits for a lock
/// that it holds. A new thread asks for its own number.
public enum ForkedProcess {
    /// The process of the first call; 0 before it.
    private static let first = Atomic<Int32>(0)

    /// Runs a call: on a thread of its own, where the process is not that of the first call.
    /// - Throws: what `body` throws, and `Failure` of kind `unavailable` where the system gives no thread.
    public static func run<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let process = getpid()
        let known = first.compareExchange(expected: 0, desired: process, ordering: .relaxed).original
        guard known != 0, known != process else { return try body() }
        nonisolated(unsafe) var result: Swift.Result<Result, Failure>?
        withoutActuallyEscaping(body) { body in
            nonisolated(unsafe) let body = body
            let thread = WorkerThread {
                do throws(Failure) { unsafe result = .success(try body()) } catch { unsafe result = .failure(error) }
            }
            thread?.join()
        }
        guard let result = unsafe result else {
            throw Failure(.unavailable, "the system refuses to start a thread")
        }
        return try result.get()
    }
}
