import Cloud
import Inference
import Platform

/// The finished galaxies of a rank whose worker stopped at its deadline: `partial/{rank}.rows`, from which the rank's next
/// attempt continues. A line of JSON, then five bytes for each finished galaxy: its redshift in float32, little-endian, and
/// its flags. It is one object, replaced under a condition: of attempts at the same time none loses the galaxies of another.
struct KeptGalaxies {
    private struct Head: Codable {
        /// The rank's result so far: what the galaxies were computed from and by, and what it took.
        let result: RankResult
        /// Of the rank, finished or not.
        let count: Int
        /// Ranges `[start, end]` of the rank's galaxies, and of partitions whose checksums were compared.
        let finished: [[Int]]
        let verified: [[Int]]
        /// Of the finished galaxies.
        let flags: FlagCounts
        /// Of the bytes after the line.
        let sha256: String
    }

    /// The rank's result so far.
    let result: RankResult
    let earlier: PredictionJournal.Earlier

    var finished: FinishedGalaxies { earlier.finished }

    init(_ result: RankResult, _ earlier: PredictionJournal.Earlier) {
        (self.result, self.earlier) = (result, earlier)
    }

    /// Bytes of a rank's object, if it has that many galaxies and partitions.
    static func size(galaxies: Int, partitions: Int) -> Int { 5 * galaxies + 400 * partitions + 4096 }

    // MARK: In the store

    /// What an earlier attempt has left.
    enum Found {
        case nothing
        /// Galaxies of other inputs or another program, or damaged; why.
        case unusable(etag: String, reason: String)
        case galaxies(KeptGalaxies, etag: String)

        /// Under which the object may be replaced.
        var condition: PutCondition {
            switch self {
            case .nothing: .absent
            case .unusable(let etag, _), .galaxies(_, let etag): .unchanged(etag)
            }
        }

        var kept: KeptGalaxies? { if case .galaxies(let kept, _) = self { kept } else { nil } }
    }

    /// - Parameters:
    ///   - result: of this attempt: galaxies of anything else are unusable.
    ///   - count: the rank's galaxies.
    /// - Throws: `Failure` where the store cannot be read.
    static func find(
        bucket: String, key: String, in store: any ObjectStore, like result: RankResult, count: Int
    ) throws(Failure) -> Found {
        let name = store.name(bucket: bucket, key: key)
        for _ in 0..<mostConflicts {
            guard let info = try head(bucket, key, store) else { return .nothing }
            let bytes: [UInt8]
            do throws(Failure) {
                bytes = try store.get(bucket: bucket, key: key, range: nil, etag: info.etag)
            } catch {
                // Another attempt has replaced or removed it since.
                guard error.kind == .conflict || error.kind == .notFound else { throw error }
                continue
            }
            do throws(Failure) {
                return .galaxies(try KeptGalaxies(bytes, like: result, count: count), etag: info.etag)
            } catch {
                return .unusable(etag: info.etag, reason: "\(name): \(error)")
            }
        }
        throw Failure(.unavailable, name, "is replaced again and again")
    }

    /// S3 answers 403, not 404, for an object that is not there to those who may not list the bucket, as workers.
    private static func head(_ bucket: String, _ key: String, _ store: any ObjectStore) throws(Failure) -> ObjectInfo? {
        do throws(Failure) { return try store.head(bucket: bucket, key: key) } catch {
            guard error.kind == .denied else { throw error }
            return nil
        }
    }

    /// Puts the galaxies into the store, unless another attempt has put more of them there since.
    /// - Returns: what is there now.
    func put(bucket: String, key: String, in store: any ObjectStore) throws(Failure) -> KeptGalaxies {
        var conflict: Failure?
        for _ in 0..<Self.mostConflicts {
            let found = try Self.find(
                bucket: bucket, key: key, in: store, like: result, count: earlier.redshifts.count)
            let joined = found.kept.map(joined) ?? self
            do throws(Failure) {
                try _ = store.put(bucket: bucket, key: key, try joined.bytes, if: found.condition)
                return joined
            } catch {
                guard error.kind == .conflict else { throw error }
                conflict = error
            }
        }
        throw conflict ?? Failure(.conflict, store.name(bucket: bucket, key: key), "is replaced again and again")
    }

    /// Attempts at the same time are few.
    private static let mostConflicts = 8

    /// With the work of the attempts that left `other`: usually those from which this one continued. Of attempts at the same
    /// time, the galaxies of the one that finished more are kept.
    private func joined(_ other: KeptGalaxies) -> KeptGalaxies {
        var result = result
        result.add(other.result)
        return KeptGalaxies(result, finished.count >= other.finished.count ? earlier : other.earlier)
    }

    // MARK: Bytes

    private var bytes: [UInt8] {
        get throws(Failure) {
            var rows: [UInt8] = []
            rows.reserveCapacity(5 * finished.count)
            for place in finished.ranges.joined() {
                let bits = earlier.redshifts[place].bitPattern
                for shift in stride(from: 0, to: 32, by: 8) { rows.append(UInt8(truncatingIfNeeded: bits >> shift)) }
                rows.append(earlier.flags[place].rawValue)
            }
            var result = result
            result.galaxies = finished.count
            result.setThroughput()
            let head = Head(
                result: result, count: earlier.redshifts.count,
                finished: finished.ranges.map { [$0.lowerBound, $0.upperBound] },
                verified: finished.verified.map { [$0.lowerBound, $0.upperBound] }.sorted { $0[0] < $1[0] },
                flags: earlier.flagCounts ?? FlagCounts([]), sha256: SHA256Digest.hash(rows).hexadecimal)
            return try JSONFile.encoded(head) + [UInt8(ascii: "\n")] + rows
        }
    }

    /// - Throws: `Failure` where the galaxies are not those of `result`, or the bytes are damaged.
    private init(_ bytes: [UInt8], like result: RankResult, count: Int) throws(Failure) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { throw Failure("expected a line, found none") }
        let head = try JSONFile.decode(Head.self, Array(bytes[..<end]), name: "its first line")
        try Self.check(head.result, like: result)
        guard head.count == count else { throw Failure("expected \(count) galaxies, found \(head.count)") }
        let rows = Array(bytes[(end + 1)...])
        guard SHA256Digest.hash(rows).hexadecimal == head.sha256 else {
            throw Failure("expected rows with the SHA-256 \(head.sha256.shortened()), found others")
        }
        func ranges(_ pairs: [[Int]]) throws(Failure) -> [Range<Int>] {
            var ranges: [Range<Int>] = []
            for pair in pairs {
                guard pair.count == 2, 0 <= pair[0], pair[0] < pair[1], pair[1] <= count else {
                    throw Failure("expected ranges of \(count) galaxies, found \(pair)")
                }
                ranges.append(pair[0]..<pair[1])
            }
            return ranges
        }
        var finished = FinishedGalaxies()
        for range in try ranges(head.finished) { finished.insert(range) }
        for range in try ranges(head.verified) { finished.verify(range) }
        guard rows.count == 5 * finished.count else {
            throw Failure("expected \(5 * finished.count) bytes of rows, found \(rows.count)")
        }
        var redshifts = [Float](repeating: .nan, count: count)
        var flags = [PredictionFlags](repeating: [], count: count)
        var at = 0
        for place in finished.ranges.joined() {
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(rows[at + $1]) << (8 * UInt32($1)) }
            redshifts[place] = Float(bitPattern: bits)
            flags[place] = PredictionFlags(rawValue: rows[at + 4])
            at += 5
        }
        let flagged = flags.count { !$0.isEmpty }
        guard head.flags.flagged == flagged else {
            throw Failure("flags: expected those of \(flagged) galaxies, found \(head.flags.flagged)")
        }
        self.init(
            head.result,
            PredictionJournal.Earlier(
                redshifts: redshifts, flags: flags, finished: finished, flagCounts: head.flags))
    }

    /// Compares everything that a redshift's bits depend on. Attempts may run on different processors.
    private static func check(_ was: RankResult, like now: RankResult) throws(Failure) {
        func require(_ what: String, _ was: String?, _ now: String?) throws(Failure) {
            guard was != now else { return }
            throw Failure("\(what): expected \((now ?? "none").shortened()), found \((was ?? "none").shortened())")
        }
        func text(_ choices: [String: String]) -> String {
            choices.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        }
        try require("run_id", was.runID, now.runID)
        try require("rank", was.rank.map(String.init), now.rank.map(String.init))
        guard was.dataPaths == now.dataPaths else { throw Failure("data_path: expected the rank's, found others") }
        guard was.rows == now.rows else { throw Failure("data_rows: expected the rank's, found others") }
        guard was.etags == now.etags else { throw Failure("data_etags: a partition has been replaced since") }
        try require("weights_sha256", was.weightsSHA256, now.weightsSHA256)
        try require("arithmetic", was.arithmetic, now.arithmetic)
        try require("choices", text(was.choices), text(now.choices))
    }
}
