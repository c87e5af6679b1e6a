import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

private func records(_ log: RecordLog) throws -> [[UInt8]] {
    var records: [[UInt8]] = []
    try log.replay { records.append($0) }
    return records
}

@Test("All whole records are read again, wherever the file is cut")
func recordLogBreaksOff() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/log"
        let appended: [[UInt8]] = [[1, 2, 3], [], Array(repeating: 7, count: 1000), [9]]
        var ends = [16 + 8 + 4]
        do {
            let log = try RecordLog(path: path)
            #expect(log.header == nil)
            try log.begin(header: Array("head".utf8))
            for record in appended {
                try log.append(record)
                ends.append(ends[ends.count - 1] + 8 + record.count)
            }
        }
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(whole.count == ends.last)
        for count in Array(0..<60) + Array(stride(from: 60, through: whole.count, by: 37)) + [whole.count] {
            try Data(whole.prefix(count)).write(to: URL(fileURLWithPath: path))
            let log = try RecordLog(path: path)
            #expect((log.header != nil) == (count >= ends[0]))
            guard log.header != nil else { continue }
            let there = ends.dropFirst().count { $0 <= count }
            #expect(try records(log) == Array(appended.prefix(there)))
            // New records follow the last whole one.
            try log.append([5])
            #expect(try records(log) == appended.prefix(there) + [[5]])
        }
    }
}

@Test("A modified record and all records after it are dropped")
func recordLogDamaged() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/log"
        try RecordLog(path: path).begin(header: [1])
        for record in 0..<3 {
            let log = try RecordLog(path: path)
            _ = try records(log)
            try log.append([UInt8(record), 0])
        }
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[bytes.count - 11] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(try records(RecordLog(path: path)) == [[0, 0]])
    }
}

@Test("A log is opened by one process at a time, and other files are refused")
func recordLogIsLocked() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/log"
        let log = try RecordLog(path: path)
        try log.begin(header: [])
        let error = try #require(throws: Failure.self) { try RecordLog(path: path) }
        #expect(error.description == "\(path): is being written by another process")
        log.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
        try Data("a table of mine".utf8).write(to: URL(fileURLWithPath: path))
        let other = try #require(throws: Failure.self) { try RecordLog(path: path) }
        #expect(other.description.contains("is in the way"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "a table of mine")
        #expect(throws: Failure.self) { try RecordLog(path: folder) }
    }
}

@Test(
    "A mapped file that is cut short is an error, whether whole pages are missing or not", arguments: [1, 4096, 9000])
func mappedFileCutShort(left: Int) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/f"
        let others = folder + "/others"
        for name in [path, others] {
            try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: name))
        }
        let file = try MappedFile(path: path)
        let other = try MappedFile(path: others)
        try file.checkIntact()
        #expect(truncate(path, off_t(left)) == 0)
        #expect(try file.withBytes(in: 0..<1) { (bytes: RawSpan) in bytes.byte(at: 0) } == 7)
        #expect(throws: Failure.self) { try file.checkIntact() }
        #expect(throws: Failure.self) { try file.bytes() }
        #expect(throws: Failure.self) { try file.withBytes(in: 0..<1) { (_: RawSpan) in } }
        #expect(try other.bytes().allSatisfy { $0 == 7 })
        try other.checkIntact()
    }
}

@Test("Overwriting a mapped file is an error, with the same size or another")
func mappedFileChanged() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/f"
        try Data(repeating: 7, count: 10_000).write(to: URL(fileURLWithPath: path))
        let file = try MappedFile(path: path)
        try file.checkIntact()
        try Fixture.waitForAnotherFileTime(than: path)
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.seek(toOffset: 5000)
        try handle.write(contentsOf: Data([8]))
        try handle.close()
        let error = try #require(throws: Failure.self) { try file.checkIntact() }
        #expect(error.description == "\(path): was changed while it was read")
    }
}

@Test("Replacing a mapped file by another of the same name is not an error")
func mappedFileReplaced() throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/f"
        try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: path))
        let file = try MappedFile(path: path)
        try FileManager.default.removeItem(atPath: path)
        try Data([1]).write(to: URL(fileURLWithPath: path))
        try file.checkIntact()
        #expect(try file.bytes().allSatisfy { $0 == 7 })
    }
}

@Test(
    "A range of a mapped file is rounded outwards to pages of 4, 16 or 64 KiB, within the file",
    arguments: [(0x1000, 0x11000..<0x13000), (0x4000, 0x10000..<0x14000), (0x10000, 0x10000..<0x20000)]
        as [(UInt, Range<UInt>)])
func mappedPages(unit: UInt, expected: Range<UInt>) {
    let mapping: Range<UInt> = 0x10000..<0x25001
    #expect(MappedFile.pages(of: 0x11001..<0x12001, unit: unit, within: mapping) == expected)
    let last = MappedFile.pages(of: 0x25000..<0x25001, unit: unit, within: mapping)
    #expect(last == max(0x10000, 0x25000 / unit * unit)..<0x25001)
}
