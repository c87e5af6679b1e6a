import Foundation
import Synchronization

/// The results of `count` calls of `body`, each on a separate thread.
func concurrently<R: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> R) -> [R] {
    let results = Results<R>()
    let group = DispatchGroup()
    for index in 0..<count {
        group.enter()
        Thread.detachNewThread {
            let result = body(index)
            results.all.withLock { $0[index] = result }
            group.leave()
        }
    }
    // 300 s: more than any call takes on a machine with other work.
    precondition(group.wait(timeout: .now() + 300) == .success, "\(count) calls at once: not all have ended")
    return results.all.withLock { all in (0..<count).compactMap { all[$0] } }
}

private final class Results<R: Sendable>: Sendable {
    let all = Mutex<[Int: R]>([:])
}
