import Platform

/// What is where, what is wanted, and what is fetched next, of all objects of a pool.
struct FetchState {
    struct Place {
        let object: FetchedObject
        let block: Int

        var size: Int { object.layout[block].count }
    }

    /// Bytes that are kept at most, where no single read needs more.
    let residentLimit: Int
    /// In the order in which they came: they are read ahead in it.
    private(set) var objects: [FetchedObject] = []
    /// Objects so far.
    private(set) var count = 0
    /// Blocks that readers wait for.
    private var demands: [Place] = []
    /// Blocks that readers will ask for.
    private var hints: [Place] = []
    /// Bytes of all blocks that are here or underway.
    private(set) var resident = 0
    private(set) var peakResident = 0
    /// Reads so far.
    private var reads = 0
    /// Nothing can be read ahead until some memory is let go.
    private var isFull = false
    /// Nothing is fetched any more.
    var isClosed = false
    /// Exchanges that run, each on its own thread.
    private(set) var underway = 0
    var exchanges: ExchangeLimit
    /// Whether nothing is fetched because the system gives no thread.
    private var isThreadless = false

    init(residentLimit: Int, exchanges: ExchangeLimit) {
        (self.residentLimit, self.exchanges) = (residentLimit, exchanges)
    }

    mutating func add(_ object: FetchedObject) {
        count += 1
        object.number = count
        objects.append(object)
        // Both ends, together.
        hint(Place(object: object, block: 0))
        hint(Place(object: object, block: object.blocks.count - 1))
    }

    mutating func remove(_ object: FetchedObject) {
        object.isRemoved = true
        objects.removeAll { $0 === object }
        demands.removeAll { $0.object === object }
        hints.removeAll { $0.object === object }
        // What is underway leaves when it arrives.
        for (index, block) in object.blocks.enumerated() where block.place == .here {
            drop(Place(object: object, block: index))
        }
        isFull = false
    }

    // MARK: Readers

    /// Keeps blocks from being let go of, and has those fetched that are not here. To be undone with `unpin`.
    mutating func pin(_ object: FetchedObject, _ blocks: Range<Int>) {
        for block in blocks {
            object.blocks[block].pins += 1
            object.blocks[block].isSpent = false
            begin(object, block)
            if object.blocks[block].place == .far { demands.append(Place(object: object, block: block)) }
        }
    }

    /// Whether all of them are here, after `pin`.
    /// - Throws: why they never will be.
    mutating func isHere(_ object: FetchedObject, _ blocks: Range<Int>) throws(Failure) -> Bool {
        guard try !object.isHere(blocks) else {
            reads += 1
            for block in blocks { object.blocks[block].lastRead = reads }
            return true
        }
        guard !isClosed else { throw Failure(.cancelled, object.name, "cannot be read: fetching was stopped") }
        return false
    }

    mutating func unpin(_ object: FetchedObject, _ blocks: Range<Int>) {
        for block in blocks {
            object.blocks[block].pins -= 1
            dropIfSpent(Place(object: object, block: block))
        }
        isFull = false
    }

    /// What was released is not fetched for a hint: it may come late, from a thread that the others have overtaken.
    mutating func prefetch(_ object: FetchedObject, _ blocks: Range<Int>) {
        for block in blocks {
            begin(object, block)
            hint(Place(object: object, block: block))
        }
    }

    /// Lets go of blocks all of whose bytes were released by now.
    mutating func release(_ object: FetchedObject, _ range: Range<Int>) {
        for block in object.layout.blocks(of: range) {
            let bytes = object.layout[block]
            object.blocks[block].released += range.clamped(to: bytes).count
            guard object.blocks[block].released >= bytes.count else { continue }
            object.blocks[block].isSpent = true
            dropIfSpent(Place(object: object, block: block))
        }
        isFull = false
    }

    // MARK: Fetchers

    /// The next blocks to fetch, all of which have to be: as many as there are and as exchanges are allowed. Their bytes
    /// count as kept from here on.
    mutating func takeNext(at time: Double) -> [Place] {
        var places: [Place] = []
        guard !isClosed else { return places }
        while underway < exchanges.count, let place = takeNext() {
            underway += 1
            isThreadless = false
            exchanges.begin(at: time)
            places.append(place)
        }
        if underway >= exchanges.count, !exchanges.wasReached, hasNext() { exchanges.reach() }
        return places
    }

    /// One of these blocks, to be fetched by the thread that waits for it; nil as long as other threads fetch.
    mutating func takeWithoutThread(_ object: FetchedObject, _ blocks: Range<Int>, at time: Double) -> Place? {
        guard isThreadless, let block = blocks.first(where: object.isDemanded) else { return nil }
        let place = Place(object: object, block: block)
        isThreadless = false
        underway += 1
        exchanges.begin(at: time)
        makeRoom(for: place, isDemanded: true)
        return start(place)
    }

    private mutating func takeNext() -> Place? {
        while let place = demands.first {
            demands.removeFirst()
            guard place.object.isDemanded(place.block) else { continue }
            makeRoom(for: place, isDemanded: true)
            return start(place)
        }
        guard !isFull else { return nil }
        while let place = hints.first {
            let isWanted = place.object.isWanted(place.block)
            // Where there is no room for the end of a later object, there may still be for what is read now.
            if isWanted, !makeRoom(for: place, isDemanded: false) { break }
            hints.removeFirst()
            place.object.blocks[place.block].isHinted = false
            if isWanted { return start(place) }
        }
        let ahead = nextAhead()
        if let ahead, makeRoom(for: ahead, isDemanded: false) { return start(ahead) }
        isFull = ahead != nil || !hints.isEmpty
        return nil
    }

    /// Whether `takeNext` would find a block, without looking at what could make room for it.
    private mutating func hasNext() -> Bool {
        guard demands.isEmpty else { return true }
        guard !isFull, let next = hints.first ?? nextAhead() else { return false }
        return resident + next.size <= residentLimit
    }

    /// An exchange has ended.
    mutating func end(_ place: Place, _ checksum: Result<CRC32, Failure>, at time: Double) {
        underway -= 1
        switch checksum {
        case .success(let sum): finish(place, checksum: sum)
        case .failure(let error): fail(place, error)
        }
        exchanges.end(bytes: (try? checksum.get().count) ?? 0, at: time, isLast: underway == 0)
    }

    /// A block for which the system gives no thread. It is fetched by one of those that run, or by its reader.
    mutating func giveBack(_ place: Place) {
        underway -= 1
        isThreadless = underway == 0
        drop(place)
        if place.object.blocks[place.block].pins > 0 { demands.insert(place, at: 0) }
    }

    /// A block has arrived.
    private mutating func finish(_ place: Place, checksum: CRC32) {
        place.object.blocks[place.block].place = .here
        place.object.blocks[place.block].checksum = checksum
        place.object.blocks[place.block].released = 0
        if place.object.isRemoved { drop(place) } else { dropIfSpent(place) }
    }

    /// A block cannot be fetched, and with it the object cannot be read.
    private mutating func fail(_ place: Place, _ error: Failure) {
        drop(place)
        if place.object.failure == nil { place.object.failure = error }
    }

    private mutating func start(_ place: Place) -> Place {
        place.object.blocks[place.block].place = .underway
        resident += place.size
        peakResident = max(peakResident, resident)
        return place
    }

    private mutating func hint(_ place: Place) {
        guard place.object.isWanted(place.block), !place.object.blocks[place.block].isHinted else { return }
        place.object.blocks[place.block].isHinted = true
        hints.append(place)
    }

    private func begin(_ object: FetchedObject, _ block: Int) {
        if !object.layout.isEdge(block) { object.isBegun = true }
    }

    /// Objects that were begun are fetched to their ends, and then the one after them.
    private func nextAhead() -> Place? {
        var isReached = false
        for object in objects where object.failure == nil && (isReached || object.isBegun) {
            isReached = true
            object.isBegun = true
            if let block = object.nextAhead() { return Place(object: object, block: block) }
        }
        return nil
    }

    // MARK: Room

    /// Lets go of blocks that are missed less than `place`, until there is room for it.
    /// - Parameter isDemanded: a reader waits for it. There is always room then: any block may go that no one reads, and
    ///   if that is not enough, the limit is passed.
    @discardableResult private mutating func makeRoom(for place: Place, isDemanded: Bool) -> Bool {
        while resident > 0, resident + place.size > residentLimit {
            guard let victim = victim(for: place, isDemanded: isDemanded) else { return isDemanded }
            drop(victim)
        }
        return true
    }

    /// What is missed least: what was released; then what belongs to later objects, the last of all first, as long as
    /// they have more than half of the memory. For a reader who waits, in any case, and also what was not read yet, the
    /// farthest first, and then what was read longest ago.
    private func victim(for place: Place, isDemanded: Bool) -> Place? {
        var best: (place: Place, rank: Int, order: Int)?
        var held = 0
        for object in objects {
            let isLater = object.number > place.object.number
            for (index, block) in object.blocks.enumerated() where block.place != .far {
                if !isLater { held += object.layout[index].count }
                guard block.place == .here, block.pins == 0 else { continue }
                let (rank, order): (Int, Int)
                if block.isSpent {
                    (rank, order) = (3, 0)
                } else if isLater {
                    (rank, order) = (2, object.number)
                } else if isDemanded {
                    (rank, order) = block.lastRead == 0 ? (1, index) : (0, -block.lastRead)
                } else {
                    continue
                }
                if best.map({ (rank, order) > ($0.rank, $0.order) }) ?? true {
                    best = (Place(object: object, block: index), rank, order)
                }
            }
        }
        guard let best, best.rank != 2 || isDemanded || held < residentLimit / 2 else { return nil }
        return best.place
    }

    /// The ends stay while there is room: magnitudes and redshifts lie there, and are read again to be written.
    private mutating func dropIfSpent(_ place: Place) {
        let block = place.object.blocks[place.block]
        guard block.isSpent, block.pins == 0, block.place == .here, !place.object.layout.isEdge(place.block) else {
            return
        }
        drop(place)
    }

    private mutating func drop(_ place: Place) {
        place.object.memory.discard(place.object.layout[place.block])
        place.object.blocks[place.block].place = .far
        place.object.blocks[place.block].released = 0
        resident -= place.size
        isFull = false
    }
}
