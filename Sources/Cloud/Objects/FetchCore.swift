import Platform

/// What the threads hold: not the pool, which would then never go away.
final class FetchCore: Sendable {
    let store: any ObjectStore
    let state: Monitor<FetchState>
    /// Of the threads, which a reader may start that is pinned to one.
    private let processors: [Int]
    private let startThread: StartThread
    private let start = ContinuousClock.now

    /// Starts a thread; nil where the system cannot create one.
    typealias StartThread = @Sendable (_ body: @escaping @Sendable () -> Void) -> WorkerThread?

    init(
        _ store: any ObjectStore, _ state: sending FetchState, processors: [Int], startThread: @escaping StartThread
    ) {
        self.store = store
        self.state = Monitor(state)
        self.processors = processors
        self.startThread = startThread
    }

    func close() { state.change { $0.isClosed = true } }

    func waitForThreads() { state.wait { $0.underway == 0 ? () : nil } }

    /// Seconds since this was made.
    private var time: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Changes the state, and begins the exchanges that it then allows, each on a new thread.
    func change<Result>(_ body: (inout FetchState) -> Result) -> Result {
        let (result, places) = state.withLock { state in
            let result = body(&state)
            return (result, state.takeNext(at: time))
        }
        fetch(places)
        return result
    }

    private func fetch(_ places: some Sequence<FetchState.Place>) {
        for place in places {
            let thread = startThread { [self] in
                Processors.stay(on: processors)
                run(place)
            }
            if let thread {
                thread.detach()
            } else {
                state.change { $0.giveBack(place) }
            }
        }
    }

    /// Fetches this block, and others as long as there are any.
    private func run(_ first: FetchState.Place) {
        var next: FetchState.Place? = first
        while let place = next {
            let places = complete(place)
            next = places.first
            fetch(places.dropFirst())
        }
    }

    /// Returns when these blocks, which are pinned, are in memory. As long as the system gives no thread, the calling one
    /// fetches them: the process may be at its limit of threads, and others may end.
    func wait(for blocks: Range<Int>, of object: FetchedObject) throws(Failure) {
        while let place = try state.wait(until: { (state) throws(Failure) -> FetchState.Place?? in
            if try state.isHere(object, blocks) { return .some(nil) }
            return state.takeWithoutThread(object, blocks, at: time).map { .some($0) }
        }) {
            fetch(complete(place))
        }
    }

    /// Fetches a block, and wakes those that wait for it.
    /// - Returns: the blocks to be fetched next.
    private func complete(_ place: FetchState.Place) -> [FetchState.Place] {
        let sum: Result<CRC32, Failure>
        do throws(Failure) { sum = .success(try fetch(place)) } catch { sum = .failure(error) }
        return state.change { state in
            state.end(place, sum, at: time)
            return state.takeNext(at: time)
        }
    }

    /// Receives a block at its offset in memory; no other thread accesses it meanwhile.
    private func fetch(_ place: FetchState.Place) throws(Failure) -> CRC32 {
        let object = place.object
        let range = object.layout[place.block]
        let halvings = state.withLock { $0.exchanges.halvings }
        let reception = BlockReception(into: object.memory, range) { [self] in
            state.withLock { $0.exchanges.refuse(begunAfter: halvings, at: time) }
        }
        do throws(Failure) {
            try store.get(
                bucket: object.bucket, key: object.key, range: range, etag: object.etag, into: reception)
        } catch {
            throw error.reading(object.name)
        }
        return reception.checksum
    }
}
