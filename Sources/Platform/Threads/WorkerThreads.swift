import Dispatch
import Glibc

/// Operating-system threads that live as long as one piece of work.
package enum WorkerThreads {
    /// Runs `body` once on each of up to `count` new threads and returns when all of them are done.
    ///
    /// Where the system gives fewer threads than were asked for, those it gave do the work.
    /// - Parameters:
    ///   - processors: thread i stays on the i-th of them; threads beyond them go where the system puts them.
    ///   - whileWaiting: called on the calling thread about ten times a second.
    /// - Returns: how many threads ran `body`; 0 when the system gave none.
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
    /// Parts are run by the calling thread and up to `count - 1` others, which live as long as the loop.
    public static func threads(_ count: Int) -> ParallelLoop {
        ParallelLoop { most, body in
            var others: [WorkerThread] = []
            while others.count < min(count, most) - 1, let thread = WorkerThread(body) { others.append(thread) }
            body()
            for thread in others { thread.join() }
        }
    }
}

/// One thread, from its start until it is joined or left to itself.
public struct WorkerThread: Sendable {
    private let thread: pthread_t

    /// Starts it; nil where the system gives none.
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

    /// Waits for its end. To be called once, if `detach` is not.
    public func join() { pthread_join(thread, nil) }

    /// Nobody will wait for its end. To be called once, if `join` is not.
    public func detach() { pthread_detach(thread) }

    private final class Job: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
