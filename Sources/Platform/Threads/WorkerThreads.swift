import Dispatch
import Glibc

/// Operating-system threads that exist for the duration of one piece of work.
package enum WorkerThreads {
    /// Runs `body` once on each of up to `count` new threads and returns when all of them are done. Where the system creates
    /// fewer threads, these do the work.
    /// - Parameters:
    ///   - processors: thread i is pinned to the i-th of them; further threads are not pinned.
    ///   - whileWaiting: called on the calling thread about ten times a second.
    /// - Returns: the number of threads that ran `body`; 0 where the system created none.
    package static func run(
        count: Int, on processors: [Int] = [], whileWaiting: () -> Void, body: @escaping @Sendable () -> Void
    ) -> Int {
        let done = DispatchSemaphore(value: 0)
        var threads: [WorkerThread] = []
        while threads.count < count {
            let processor = threads.count < processors.count ? processors[threads.count] : nil
            let thread = WorkerThread {
                if let processor { Processors.stay(on: processor) }
                body()
                done.signal()
            }
            guard let thread else { break }
            threads.append(thread)
        }
        for _ in threads {
            while done.wait(timeout: .now() + .milliseconds(100)) == .timedOut { whileWaiting() }
        }
        for thread in threads { thread.join() }
        return threads.count
    }
}

extension ParallelLoop {
    /// Runs parts on the calling thread and up to `count - 1` others, which exist for the duration of the loop.
    public static func threads(_ count: Int) -> ParallelLoop {
        ParallelLoop { most, body in
            var others: [WorkerThread] = []
            while others.count < min(count, most) - 1, let thread = WorkerThread(body) { others.append(thread) }
            body()
            for thread in others { thread.join() }
        }
    }
}

/// One thread, from its start until it is joined or detached.
public struct WorkerThread: Sendable {
    private let thread: pthread_t

    /// Starts the thread; nil where the system cannot create one.
    public init?(_ body: @escaping @Sendable () -> Void) {
        let context = unsafe Unmanaged.passRetained(Job(body))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Job>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            unsafe context.release()
            return nil
        }
        self.thread = thread
    }

    /// Waits for its end. Call either this or `detach`, once.
    public func join() { pthread_join(thread, nil) }

    /// Lets the thread end without being joined. Call either this or `join`, once.
    public func detach() { pthread_detach(thread) }

    private final class Job: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
