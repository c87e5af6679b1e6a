import Dispatch
import Foundation

/// Operating-system threads that live as long as one piece of work.
enum WorkerThreads {
    /// Runs `body` once on each of up to `count` new threads and returns when all of them are done.
    ///
    /// Where the system gives fewer threads than were asked for, those it gave do the work.
    /// - Parameter whileWaiting: called on the calling thread about ten times a second.
    /// - Returns: how many threads ran `body`; 0 when the system gave none.
    static func run(count: Int, whileWaiting: () -> Void, body: @escaping @Sendable () -> Void) -> Int {
        let done = DispatchSemaphore(value: 0)
        var threads: [pthread_t] = []
        for _ in 0..<count {
            let context = unsafe Unmanaged.passRetained(
                Job {
                    body()
                    done.signal()
                })
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
                break
            }
            threads.append(thread)
        }
        for _ in threads {
            while done.wait(timeout: .now() + .milliseconds(100)) == .timedOut { whileWaiting() }
        }
        for thread in threads { pthread_join(thread, nil) }
        return threads.count
    }

    private final class Job: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
