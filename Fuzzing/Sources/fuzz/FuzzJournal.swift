import Glibc

@testable import Runs
@testable import Inference
@testable import Platform
@testable import TensorFiles

extension FuzzTarget {
    /// The galaxies of the run for which a journal is replayed.
    private static let count = 48

    private static let identity =
        "{\"start\":0,\"end\":48,\"firstRow\":0,\"files\":[{\"source\":\"a.pt\",\"label\":\"a\",\"bytes\":9,"
        + "\"galaxies\":48,\"version\":\"crc32:0\",\"stamp\":\"1\"}],\"weights\":{\"name\":\"w\",\"identity\":\"sha256:0\"},"
        + "\"settings\":{\"object-id\":\"i\"},\"maker\":{\"version\":\"1\",\"gemm\":\"own\",\"instruction_set\":\"avx2\"}}"

    /// `OUT.partial`, from which `--resume` continues: the input is a whole journal if it begins as one, otherwise
    /// records with two bytes of length each, which are framed. The replay has to agree with a plain loop over the
    /// records.
    static let journal = FuzzTarget(
        "journal", maximumLength: 2048,
        seeds: {
            func record(_ kind: UInt8, _ range: Range<Int>, _ more: [UInt8] = []) -> [UInt8] {
                let numbers = [range.lowerBound, range.upperBound].flatMap {
                    [UInt8($0)] + [UInt8](repeating: 0, count: 7)
                }
                return length([kind] + numbers + more)
            }
            func rows(_ range: Range<Int>) -> [UInt8] {
                record(1, range, range.flatMap { [0, UInt8($0), 0x80, 0x3F] } + range.map { UInt8($0 & 1) })
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
            // The journal was released, and bytes after the last complete record were removed.
            guard let first, let kept = Scratch.read(path) else { return }
            Promise.keep(whole.starts(with: kept), "complete records are lost")
            Promise.keep(replay(kept, path).map { same($0, first) } ?? false, "a second replay differs")
            // After a cut at any byte, the complete records are kept.
            let cut = whole.prefix(whole.count - min(whole.count, 1 + Int(whole.last ?? 0)))
            if let part = replay(Array(cut), path) {
                Promise.keep(part.redshifts.count == count, "the number of galaxies differs")
            }
            checkIdentity(first.identity)
        })

    /// The records of a journal: two bytes of length, then that number of bytes.
    private static func length(_ record: [UInt8]) -> [UInt8] {
        [UInt8(record.count & 0xFF), UInt8(record.count >> 8)] + record
    }

    private static func records(_ bytes: [UInt8]) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var offset = 0
        while offset + 2 <= bytes.count {
            let end = min(bytes.count, offset + 2 + Int(bytes[offset]) + Int(bytes[offset + 1]) << 8)
            records.append(Array(bytes[offset + 2..<end]))
            offset = end
        }
        return records
    }

    /// The journal file of these records.
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

    /// nil if the journal is refused, or has nothing to resume.
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
            // The file is kept, with or without records.
            journal.close()
        }
        guard let earlier else { return nil }
        let ranges = earlier.finished.ranges
        Promise.keep(ranges.allSatisfy { !$0.isEmpty && $0.upperBound <= count }, "galaxies exceed the run")
        let pairs = Swift.zip(ranges, ranges.dropFirst())
        Promise.keep(pairs.allSatisfy { $0.upperBound < $1.lowerBound }, "galaxies are repeated")
        for position in earlier.finished.gaps(in: 0..<count).joined() {
            Promise.keep(
                earlier.redshifts[position].isNaN && earlier.flags[position] == [],
                "a removed galaxy has a redshift or flags")
        }
        if ranges.isEmpty { Scratch.write(bytes, to: path) }
        return earlier
    }

    private static func same(_ a: PredictionJournal.Earlier, _ b: PredictionJournal.Earlier) -> Bool {
        a.identity == b.identity && a.finished == b.finished && a.flags == b.flags
            && a.redshifts.map(\.bitPattern) == b.redshifts.map(\.bitPattern)
    }

    /// Replays record by record into a table of galaxies.
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
                return Promise.keep(found == nil, "a damaged record is accepted")
            }
            let range = Int(numbers[0])..<Int(numbers[1])
            guard kind != 1 || record.count == 17 + 5 * range.count else {
                return Promise.keep(found == nil, "rows of a wrong length are accepted")
            }
            // Records of compared checksums change no galaxy.
            for (index, position) in range.enumerated() where kind == 1 || kind == 3 {
                let bits = kind == 3 ? [] : record[17 + 4 * index..<21 + 4 * index].reversed()
                let flags = kind == 3 ? 0 : record[17 + 4 * range.count + index]
                galaxies[position] = kind == 3 ? nil : (bits.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }, flags)
            }
        }
        guard let found else { return Promise.keep(false, "valid records are refused") }
        Promise.keep(found.identity == identity, "the identity differs")
        for (position, galaxy) in galaxies.enumerated() {
            Promise.keep(
                found.finished.gaps(in: position..<position + 1).isEmpty == (galaxy != nil),
                "galaxy \(position) is finished in one of the two only")
            guard let galaxy else { continue }
            Promise.keep(
                found.redshifts[position].bitPattern == galaxy.bits && found.flags[position].rawValue == galaxy.flags,
                "galaxy \(position) differs")
        }
    }

    private static func checkIdentity(_ text: String) {
        Promise.refusal {
            let then = try RunIdentity(json: text, name: "input")
            Promise.keep(
                try RunIdentity(json: then.json, name: "written") == then, "the written identity is read differently")
            try then.check(then, name: "input")
            Promise.keep(then.doubtfulFiles(since: then).isEmpty, "equal files are doubtful")
            let now = try RunIdentity(json: identity, name: "own")
            Promise.keep(
                now.doubtfulFiles(since: then).allSatisfy { $0 < 1 }, "files beyond the changed one are doubtful")
            try now.checkFiles(since: then, sections: [], finished: FinishedGalaxies(), name: "input")
            try now.check(then, name: "input")
            Promise.keep(now.files.map(\.source) == then.files.map(\.source), "a run with other files is equal")
        }
    }
}
