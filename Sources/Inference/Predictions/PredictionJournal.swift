import Platform
import Synchronization
import TensorFiles

/// The finished galaxies of a run, kept beside its output (`OUT.partial`) until the output is complete: `--resume`
/// continues from it.
///
/// A micro-batch is recorded once it is computed and its file is known to be unchanged; a partition, once its checksums
/// were compared. Galaxies of a partition with wrong checksums are removed. The caller states and compares what the
/// rows were made from: `identity` is any string of one line.
public final class PredictionJournal: Sendable {
    public static let ending = ".partial"

    public var path: String { log.path }
    private let log: RecordLog
    private let state = Mutex(State())

    private struct State {
        var finished = FinishedGalaxies()
        /// Whether the contents are known: the journal is new, or was read.
        var isKnown = false
        var isDone = false
        /// Sections with wrong checksums: micro-batches of these that end later are not recorded.
        var rejected: [Range<Int>] = []
    }

    /// The results of an earlier run.
    public struct Earlier: Sendable {
        public fileprivate(set) var identity: String
        public fileprivate(set) var finished = FinishedGalaxies()
        /// By the index of a galaxy among all of the run; NaN where it is not finished.
        package fileprivate(set) var redshifts: [Float] = []
        package fileprivate(set) var flags: [PredictionFlags] = []
        /// Of the finished galaxies; nil where they have to be counted.
        package private(set) var flagCounts: FlagCounts?

        fileprivate init(identity: String) { self.identity = identity }

        /// Results that were kept outside of a journal.
        /// - Parameters redshifts, flags: one for each galaxy of the run, finished or not.
        package init(
            redshifts: [Float], flags: [PredictionFlags], finished: FinishedGalaxies, flagCounts: FlagCounts
        ) {
            (identity, self.redshifts, self.flags) = ("", redshifts, flags)
            (self.finished, self.flagCounts) = (finished, flagCounts)
        }

        /// All galaxies of a complete output.
        /// - Parameter redshifts: the flags of NaNs are determined again from the galaxies: not every form of output
        ///   holds flags.
        public init(redshifts: [Float], of sections: [GalaxyRun.Section]) throws(Failure) {
            identity = ""
            self.redshifts = redshifts
            flags = try PredictionFlags.flags(of: redshifts, in: sections)
            for section in sections {
                finished.insert(section.places)
                finished.verify(section.places)
            }
        }

        /// Marks galaxies as not finished: they have to be run again.
        fileprivate mutating func remove(_ places: Range<Int>) {
            finished.remove(places)
            for place in places.clamped(to: redshifts.indices) { (redshifts[place], flags[place]) = (.nan, []) }
        }
    }

    private enum Kind: UInt8 {
        case rows = 1, verified, rejected, identity, doubted
    }

    /// Opens the journal at that path, or creates it.
    /// - Throws: `Failure.file` where that is not possible, another process writes it, or the file is not a journal.
    public init(path: String) throws(Failure) {
        log = try RecordLog(path: path)
        if log.header == nil {
            state.withLock { $0.isKnown = true }
            // A journal without galaxies is removed on exit.
            UnfinishedFiles.insert(path)
        }
    }

    deinit { close() }

    /// The identity of its run; nil where the journal is new.
    public var identity: String? { log.header.map { String(decoding: $0, as: UTF8.self) } }

    /// Whether there is a record to resume from.
    public var hasRows: Bool { get throws(Failure) { try log.hasRecords } }

    /// Discards all records and begins a new run.
    public func begin(identity: String) throws(Failure) {
        try log.begin(header: Array(identity.utf8))
        state.withLock { $0.isKnown = true }
    }

    /// The recorded results of a run of `count` galaxies; nil where the journal is new.
    public func replay(count: Int) throws(Failure) -> Earlier? {
        guard let identity else { return nil }
        var earlier = Earlier(identity: identity)
        earlier.redshifts = [Float](repeating: .nan, count: count)
        earlier.flags = [PredictionFlags](repeating: [], count: count)
        try log.replay { record throws(Failure) in try take(record, into: &earlier) }
        state.withLock { ($0.finished, $0.isKnown) = (earlier.finished, true) }
        return earlier
    }

    /// Replaces the identity: files without finished galaxies have changed.
    public func restate(identity: String) throws(Failure) {
        try log.append([Kind.identity.rawValue] + Array(identity.utf8))
    }

    /// The recorded galaxies.
    public var finished: FinishedGalaxies { state.withLock { $0.finished } }

    /// Removes the journal: the output is complete.
    public func remove() {
        state.withLock { $0.isDone = true }
        log.remove()
        UnfinishedFiles.remove(path)
    }

    /// Whether the output is complete.
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

    /// Closes the journal, and removes it where it has no galaxies.
    public func close() {
        state.withLock { state in
            if state.isKnown, state.finished.isEmpty { log.remove() } else { log.close() }
        }
        UnfinishedFiles.remove(path)
    }

    // MARK: Records

    /// Records the results of finished galaxies, unless their file was rejected.
    /// - Parameter places: their indices among all galaxies of the run.
    public func append(
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

    private var damaged: Failure { Failure(path, "is damaged: remove it, and begin anew") }

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
