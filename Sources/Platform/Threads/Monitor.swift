import Glibc

/// A state that one thread at a time changes, and whose changes threads can wait for: a mutex with a condition variable.
@safe public final class Monitor<State>: @unchecked Sendable {
    // Sendable although it holds pointers and a variable: the variable is only accessed with the lock held, and the
    // pointers are constant.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    public init(_ state: sending State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe condition = .allocate(capacity: 1)
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe condition.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Calls `body` with exclusive access to the state. Wakes no waiting thread.
    public func withLock<Result, Thrown: Error>(
        _ body: (inout State) throws(Thrown) -> Result
    ) throws(Thrown) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// The same, and wakes the waiting threads, which check their conditions again.
    public func change<Result, Thrown: Error>(_ body: (inout State) throws(Thrown) -> Result) throws(Thrown) -> Result {
        defer { unsafe pthread_cond_broadcast(condition) }
        return try withLock(body)
    }

    /// Calls `body` now and after every change, until it returns a value.
    public func wait<Result, Thrown: Error>(
        until body: (inout State) throws(Thrown) -> Result?
    ) throws(Thrown) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = try body(&state) { return result }
            unsafe pthread_cond_wait(condition, mutex)
        }
    }
}
