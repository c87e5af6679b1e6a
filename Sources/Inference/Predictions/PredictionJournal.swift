import Platform
import Synchronization
import TensorFiles

/// The finished galaxies of a run, kept beside its output (`OUT.partial`) until that is whole: what `--resume` goes on from.
///
/// A micro-batch is in it as soon as it is computed and its file was seen to be as it was; a partition, as soon as its
/// checksums were compared. Galaxies of a partition whose checksums are wrong are taken back. What the rows are made of
/// is the caller's to say and to compare: `identity` is any text of a line.
public final class PredictionJournal: Sendable {
    public static let ending = ".partial"

    public var path: String { log.path }
    private let log: RecordLog
    private let state = Mutex(State())

    private struct State {
        var finished = FinishedGalaxies()
        /// Whether what is in it is known: it is new, or was read.
        var isKnown = false
        var isDone = false
        /// Sections whose checksums are wrong: a micro-batch that ends after that was seen does not count either.
        var rejected: [Range<Int>] = []
    }

    /// What an earlier run left.
    public struct Earlier: Sendable {
        public fileprivate(set) var identity: String
        public fileprivate(set) var finished = FinishedGalaxies()
        /// By the place of a galaxy; what is not finished is NaN.
        fileprivate(set) var redshifts: [Float] = []
        fileprivate(set) var flags: [PredictionFlags] = []

        fileprivate init(identity: String) { self.identity = identity }

        /// All galaxies, of an output that is whole.
        /// - Parameter redshifts: where one is NaN, its galaxy is looked at again: not every form of output says why.
        public init(redshifts: [Float], of sections: [GalaxyRun.Section]) throws(Failure) {
            identity = ""
            self.redshifts = redshifts
            flags = try PredictionFlags.flags(of: redshifts, in: sections)
            for section in sections {
                finished.insert(section.places)
                finished.verify(section.places)
            }
        }

        /// They have to be run again.
        fileprivate mutating func remove(_ places: Range<Int>) {
            finished.remove(places)
            for place in places.clamped(to: redshifts.indices) { (redshifts[place], flags[place]) = (.nan, []) }
        }
    }

    private enum Kind: UInt8 {
        case rows = 1, verified, rejected, identity, doubted
    }

    /// Opens what is at that path, or makes it.
    /// - Throws: `Failure.file` where that is not possible, another process writes it, or it is something else.
    public init(path: String) throws(Failure) {
        log = try RecordLog(path: path)
        if log.header == nil {
            state.withLock { $0.isKnown = true }
            // Until there is a galaxy in it, nobody has a use for it.
            UnfinishedFiles.insert(path)
        }
    }

    deinit { close() }

    /// What the run that it is of was made from; nil where it is new.
    public var identity: String? { log.header.map { String(decoding: $0, as: UTF8.self) } }

    /// Whether there is anything to go on from.
    public var hasRows: Bool {
        get throws(Failure) { try log.hasRecords }
    }

    /// Begins anew.
    public func begin(identity: String) throws(Failure) {
        try log.begin(header: Array(identity.utf8))
        state.withLock { $0.isKnown = true }
    }

    /// What is in it, of a run of `count` galaxies.
    public func replay(count: Int) throws(Failure) -> Earlier? {
        guard let identity else { return nil }
        var earlier = Earlier(identity: identity)
        earlier.redshifts = [Float](repeating: .nan, count: count)
        earlier.flags = [PredictionFlags](repeating: [], count: count)
        try log.replay { record throws(Failure) in try take(record, into: &earlier) }
        state.withLock { ($0.finished, $0.isKnown) = (earlier.finished, true) }
        return earlier
    }

    /// Says anew what it is of: files of which nothing is finished have changed.
    public func restate(identity: String) throws(Failure) {
        try log.append([Kind.identity.rawValue] + Array(identity.utf8))
    }

    /// Galaxies that are in it.
    public var finished: FinishedGalaxies { state.withLock { $0.finished } }

    /// Removes it: the output is whole.
    public func remove() {
        state.withLock { $0.isDone = true }
        log.remove()
        UnfinishedFiles.remove(path)
    }

    /// Whether the output is whole.
    public var isDone: Bool { state.withLock { $0.isDone } }

    /// The galaxies of `section`, whose file is not known to be the same, have to be run again.
    public func drop(_ section: Range<Int>, from earlier: inout Earlier) throws(Failure) {
        try state.withLock { (state: inout State) throws(Failure) in
            state.finished.remove(section)
            try log.append(Self.record(.rejected, section))
        }
        earlier.remove(section)
    }

    /// The checksums of `section`, whose file was written since, have to be compared again; its galaxies stay.
    public func doubt(_ section: Range<Int>, in earlier: inout Earlier) throws(Failure) {
        try state.withLock { (state: inout State) throws(Failure) in
            state.finished.doubt(section)
            try log.append(Self.record(.doubted, section))
        }
        earlier.finished.doubt(section)
    }

    /// Closes it, and removes it where no galaxy is in it.
    public func close() {
        state.withLock { state in
            if state.isKnown, state.finished.isEmpty { log.remove() } else { log.close() }
        }
        UnfinishedFiles.remove(path)
    }

    // MARK: Records

    func append(
        _ places: Range<Int>, redshifts: ArraySlice<Float>, flags: ArraySlice<PredictionFlags>
    ) throws(Failure) {
        var record = Self.record(.rows, places)
        for value in redshifts { Self.append(value.bitPattern, to: &record) }
        record += flags.map(\.rawValue)
        try state.withLock { (state: inout State) throws(Failure) in
            guard !state.rejected.contains(where: { $0.overlaps(places) }) else { return }
            try log.append(record)
            if state.finished.isEmpty { UnfinishedFiles.remove(path) }
            state.finished.insert(places)
        }
    }

    func verify(_ section: Range<Int>) throws(Failure) {
        try state.withLock { (state: inout State) throws(Failure) in
            try log.append(Self.record(.verified, section))
            state.finished.verify(section)
        }
    }

    func reject(_ section: Range<Int>) throws(Failure) {
        try state.withLock { (state: inout State) throws(Failure) in
            state.rejected.append(section)
            state.finished.remove(section)
            try log.append(Self.record(.rejected, section))
        }
    }

    private func take(_ record: [UInt8], into earlier: inout Earlier) throws(Failure) {
        guard let kind = record.first.flatMap(Kind.init) else { throw damaged }
        if kind == .identity {
            earlier.identity = String(decoding: record.dropFirst(), as: UTF8.self)
            return
        }
        let head = 1 + 2 * MemoryLayout<UInt64>.size
        guard record.count >= head else { throw damaged }
        let start = Self.number(record[1..<9], as: UInt64.self)
        let end = Self.number(record[9..<17], as: UInt64.self)
        guard start <= end, end <= UInt64(earlier.redshifts.count) else { throw damaged }
        let places = Int(start)..<Int(end)
        switch kind {
        case .identity: break
        case .verified: earlier.finished.verify(places)
        case .rejected: earlier.remove(places)
        case .doubted: earlier.finished.doubt(places)
        case .rows:
            guard record.count == head + places.count * 5 else { throw damaged }
            let flags = head + 4 * places.count
            for (index, place) in places.enumerated() {
                let bits = Self.number(record[head + 4 * index..<head + 4 * index + 4], as: UInt32.self)
                earlier.redshifts[place] = Float(bitPattern: bits)
                earlier.flags[place] = PredictionFlags(rawValue: record[flags + index])
            }
            earlier.finished.insert(places)
        }
    }

    private var damaged: Failure {
        Failure(path, "is damaged: remove it, and begin anew")
    }

    private static func record(_ kind: Kind, _ places: Range<Int>) -> [UInt8] {
        var record = [kind.rawValue]
        append(UInt64(places.lowerBound), to: &record)
        append(UInt64(places.upperBound), to: &record)
        return record
    }

    /// Little-endian.
    private static func append(_ value: some FixedWidthInteger & UnsignedInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    private static func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, as: Number.Type) -> Number {
        bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
    }
}
