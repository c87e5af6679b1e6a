import Glibc

@testable import Runs
@testable import Inference
@testable import Platform
@testable import TensorFiles

extension FuzzTarget {
    /// Galaxies of the run that a journal is replayed for.
    private static let count = 48

    private static let identity =
        "{\"start\":0,\"end\":48,\"firstRow\":0,\"files\":[{\"source\":\"a.pt\",\"label\":\"a\",\"bytes\":9,"
        + "\"galaxies\":48,\"version\":\"crc32:0\",\"stamp\":\"1\"}],\"weights\":{\"name\":\"w\",\"identity\":\"sha256:0\"},"
        + "\"settings\":{\"object-id\":\"i\"},\"maker\":{\"version\":\"1\",\"gemm\":\"own\",\"instruction_set\":\"avx2\"}}"

    /// `OUT.partial`, which `--resume` goes on from: whole where it begins as one does, else its records, each a line's worth of
    /// length and bytes, framed as they have to be. What is replayed is what a plain walk over the records says.
    static let journal = FuzzTarget(
        "journal", maximumLength: 2048,
        seeds: {
            func record(_ kind: UInt8, _ places: Range<Int>, _ more: [UInt8] = []) -> [UInt8] {
                let numbers = [places.lowerBound, places.upperBound].flatMap {
                    [UInt8($0)] + [UInt8](repeating: 0, count: 7)
                }
                return length([kind] + numbers + more)
            }
            func rows(_ places: Range<Int>) -> [UInt8] {
                record(1, places, places.flatMap { [0, UInt8($0), 0x80, 0x3F] } + places.map { UInt8($0 & 1) })
            }
            let header = length(Array(identity.utf8))
            let records = [
                header + rows(0..<4) + rows(8..<12) + record(2, 0..<48),
                header + rows(0..<8) + record(3, 2..<5) + rows(3..<4),
                header + rows(0..<8) + record(2, 0..<8) + record(5, 0..<8) + rows(8..<9),
                header + rows(40..<48) + length([4] + Array(identity.utf8)), header + record(1, 40..<49),
                header + length([]),
            ]
            return records + records.map { file($0) }
        },
        run: { bytes in
            let path = Scratch.folder + "/z.csv.partial"
            defer { unlink(path) }
            let isWhole = bytes.starts(with: Array("cai p".utf8))
            let whole = isWhole ? bytes : file(bytes)
            let first = replay(whole, path)
            if !isWhole { checkModel(first, bytes) }
            // It was let go of, and what came behind the last whole record with it.
            guard let first, let kept = Scratch.read(path) else { return }
            Promise.keep(whole.starts(with: kept), "what was there is there no more")
            Promise.keep(replay(kept, path).map { same($0, first) } ?? false, "a second replay is another")
            // Cut anywhere, it has what was whole before.
            let cut = whole.prefix(whole.count - min(whole.count, 1 + Int(whole.last ?? 0)))
            if let part = replay(Array(cut), path) {
                Promise.keep(part.redshifts.count == count, "another run")
            }
            checkIdentity(first.identity)
        })

    /// Of the records of a journal: two bytes of length, and so many.
    private static func length(_ record: [UInt8]) -> [UInt8] {
        [UInt8(record.count & 0xFF), UInt8(record.count >> 8)] + record
    }

    private static func records(_ bytes: [UInt8]) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var place = 0
        while place + 2 <= bytes.count {
            let end = min(bytes.count, place + 2 + Int(bytes[place]) + Int(bytes[place + 1]) << 8)
            records.append(Array(bytes[place + 2..<end]))
            place = end
        }
        return records
    }

    /// The file of such records.
    private static func file(_ bytes: [UInt8]) -> [UInt8] {
        let path = Scratch.folder + "/log"
        defer { unlink(path) }
        let records = records(bytes)
        Promise.refusal {
            let log = try RecordLog(path: path)
            try log.begin(header: records.first ?? [])
            for record in records.dropFirst() { try log.append(record) }
            log.close()
        }
        return Scratch.read(path) ?? []
    }

    /// nil where it is refused, or has nothing to go on from.
    private static func replay(_ bytes: [UInt8], _ path: String) -> PredictionJournal.Earlier? {
        Scratch.write(bytes, to: path)
        var earlier: PredictionJournal.Earlier?
        Promise.refusal {
            let journal = try PredictionJournal(path: path)
            earlier = try journal.replay(count: count)
            if let earlier {
                Promise.keep(journal.finished == earlier.finished, "finished galaxies differ")
                _ = try journal.hasRows
            }
            // Kept, whether or not anything is in it.
            journal.close()
        }
        guard let earlier else { return nil }
        let ranges = earlier.finished.ranges
        Promise.keep(ranges.allSatisfy { !$0.isEmpty && $0.upperBound <= count }, "galaxies beyond the run")
        let pairs = Swift.zip(ranges, ranges.dropFirst())
        Promise.keep(pairs.allSatisfy { $0.upperBound < $1.lowerBound }, "galaxies twice")
        for place in earlier.finished.gaps(in: 0..<count).joined() {
            Promise.keep(earlier.redshifts[place].isNaN && earlier.flags[place] == [], "a redshift that was taken back")
        }
        if ranges.isEmpty { Scratch.write(bytes, to: path) }
        return earlier
    }

    private static func same(_ a: PredictionJournal.Earlier, _ b: PredictionJournal.Earlier) -> Bool {
        a.identity == b.identity && a.finished == b.finished && a.flags == b.flags
            && a.redshifts.map(\.bitPattern) == b.redshifts.map(\.bitPattern)
    }

    /// By a table of galaxies, record after record.
    private static func checkModel(_ found: PredictionJournal.Earlier?, _ bytes: [UInt8]) {
        var galaxies = [(bits: UInt32, flags: UInt8)?](repeating: nil, count: count)
        let records = records(bytes)
        var identity = String(decoding: records.first ?? [], as: UTF8.self)
        for record in records.dropFirst() {
            if record.first == 4 {
                identity = String(decoding: record.dropFirst(), as: UTF8.self)
                continue
            }
            let numbers =
                record.count < 17
                ? []
                : [1, 9].map { start in
                    record[start..<start + 8].enumerated().reduce(UInt64(0)) {
                        $0 | UInt64($1.element) << (8 * UInt64($1.offset))
                    }
                }
            let isWhole = numbers.count == 2 && numbers[0] <= numbers[1] && numbers[1] <= UInt64(count)
            guard isWhole, let kind = record.first, [1, 2, 3, 5].contains(kind) else {
                return Promise.keep(found == nil, "damage is taken")
            }
            let places = Int(numbers[0])..<Int(numbers[1])
            guard kind != 1 || record.count == 17 + 5 * places.count else {
                return Promise.keep(found == nil, "rows of another length are taken")
            }
            // Checksums that were compared, or have to be again, change no galaxy.
            for (index, place) in places.enumerated() where kind == 1 || kind == 3 {
                let bits = kind == 3 ? [] : record[17 + 4 * index..<21 + 4 * index].reversed()
                let flags = kind == 3 ? 0 : record[17 + 4 * places.count + index]
                galaxies[place] = kind == 3 ? nil : (bits.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }, flags)
            }
        }
        guard let found else { return Promise.keep(false, "sound records are refused") }
        Promise.keep(found.identity == identity, "another identity")
        for (place, galaxy) in galaxies.enumerated() {
            Promise.keep(
                found.finished.gaps(in: place..<place + 1).isEmpty == (galaxy != nil),
                "galaxy \(place) is finished or not")
            guard let galaxy else { continue }
            Promise.keep(
                found.redshifts[place].bitPattern == galaxy.bits && found.flags[place].rawValue == galaxy.flags,
                "galaxy \(place) is another")
        }
    }

    private static func checkIdentity(_ text: String) {
        Promise.refusal {
            let then = try RunIdentity(json: text, name: "input")
            Promise.keep(try RunIdentity(json: then.json, name: "written") == then, "another identity is written")
            try then.check(then, name: "input")
            Promise.keep(then.doubtfulFiles(since: then).isEmpty, "files are doubtful that are the same")
            let now = try RunIdentity(json: identity, name: "own")
            Promise.keep(now.doubtfulFiles(since: then).allSatisfy { $0 < 1 }, "other files are doubtful")
            try now.checkFiles(since: then, sections: [], finished: FinishedGalaxies(), name: "input")
            try now.check(then, name: "input")
            Promise.keep(now.files.map(\.source) == then.files.map(\.source), "a run with other files is the same")
        }
    }
}
