import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

/// Four threads at once, independent of the number of processors.
private let threads = ParallelLoop { most, body in
    DispatchQueue.concurrentPerform(iterations: min(most, 4)) { _ in body() }
}

private struct PartFailed: Error, Equatable {
    let part: Int
}

@Test("A parallel loop runs each part once", arguments: [0, 1, 3, 1000])
func loopRunsAll(count: Int) {
    for loop in [ParallelLoop.serial, threads] {
        let calls = Mutex([Int](repeating: 0, count: count))
        loop(count) { part in calls.withLock { $0[part] += 1 } }
        #expect(calls.withLock { $0 } == [Int](repeating: 1, count: count))
    }
}

@Test("A parallel loop throws the error of the lowest part that fails", arguments: 0..<20)
func lowestFailure(round: Int) {
    for loop in [ParallelLoop.serial, threads] {
        let error = #expect(throws: PartFailed.self) {
            try loop(200) { (part) throws(PartFailed) in
                if part >= 50 + round, part % 3 == 0 { throw PartFailed(part: part) }
            }
        }
        #expect(error?.part == (50 + round + 2) / 3 * 3)
    }
}

@Test("CRC-32 sums of pieces combine to that of the whole", arguments: [0, 1, 5, 1000])
func checksumsOfPieces(split: Int) {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var (whole, first, second) = (CRC32(), CRC32(), CRC32())
    whole.update(bytes.span.bytes)
    first.update(bytes.span.bytes.extracting(0..<split))
    second.update(bytes.span.bytes.extracting(split..<1000))
    first.append(second)
    #expect(first == whole)
}

@Suite("A large file") struct LargeFileTests {
    /// 5 MiB of floats, stored: several pieces.
    private let archive: ZipBuilder

    init() {
        var table = TensorTable()
        table.add("large", [5 << 18], (0..<5 << 18).map { Float($0) }, .f32)
        table.add("small", [3], [1, 2, 3] as [Float], .f32)
        archive = table.npz(deflated: false)
    }

    @Test(
        "A damaged byte of a large file is found at any offset and on any thread",
        arguments: [0, 1 << 20, 3 << 20, (5 << 20) - 1])
    func damage(offset: Int) throws {
        var broken = archive
        let header = broken.entries[0].data.count - 5 << 20
        broken.entries[0].data[header + offset] ^= 1
        let file = try TensorFile.open(MemorySource(name: "broken", bytes: broken.bytes), checksums: .deferred)
        for loop in [ParallelLoop.serial, threads] {
            let error = #expect(throws: Failure.self) { try file.verifyChecksums(on: loop) }
            #expect(error?.description.contains("entry 'large.npy': CRC-32 is ") == true)
        }
    }

    @Test("Pages of a large file are released after reading")
    func pagesAreLetGo() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/large.npz"
            try Data(archive.bytes).write(to: URL(fileURLWithPath: path))
            let file = try TensorFile.open(path: path, checksums: .deferred)
            let tensor = try #require(file["large"])
            var values = [Float](repeating: 0, count: tensor.count)
            var span = values.mutableSpan
            try tensor.copyFloats(rows: 0..<tensor.rows, into: &span)
            #expect(try residentBytes(of: path) >= 5 << 20)
            tensor.source.release(0..<1 << 20)
            #expect(try residentBytes(of: path) <= 4 << 20 + 128 << 10)
            try file.verifyChecksums()
            #expect(try residentBytes(of: path) <= 256 << 10)
            #expect(try tensor.floats() == values)
            file.release()
            #expect(try residentBytes(of: path) == 0)
        }
    }
}

/// Resident bytes of a mapped file in this process.
private func residentBytes(of path: String) throws -> Int {
    var isWanted = false
    var total = 0
    let name = URL(fileURLWithPath: path).lastPathComponent
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().lastPathComponent
    // Read to the end by a handle: such files have no length.
    let maps = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps")).readToEnd() ?? Data()
    for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
        let words = line.split(separator: " ")
        guard let first = words.first else { continue }
        // The first line of a mapping has no colon after its first word.
        if !first.hasSuffix(":") { isWanted = line.hasSuffix(folder + "/" + name) }
        if isWanted, first == "Rss:", words.count > 1 { total += (Int(words[1]) ?? 0) << 10 }
    }
    return total
}
