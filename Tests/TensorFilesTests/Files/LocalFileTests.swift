import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

/// Pseudo-random, so that it hardly deflates, and longer than what is inflated at a time.
private let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 2_654_435_761 >> 11) }

private func gzipped() throws -> MemorySource {
    let stream = GzipStream()
    return MemorySource(name: "t", bytes: stream.deflate(content) + stream.finish())
}

@Suite("Copies for libraries that open what they read by a path")
struct LocalFileTests {
    @Test("A copy has no name that could outlive the process, and is read by its path", arguments: [true, false])
    func unnamed(isGzip: Bool) throws {
        let source = isGzip ? try gzipped() : MemorySource(name: "t", bytes: content)
        let copy = try LocalFile(source, isGzip: isGzip)
        #expect(copy.byteCount == content.count)
        let target = try FileManager.default.destinationOfSymbolicLink(atPath: copy.path)
        #expect(target.hasSuffix(" (deleted)"))
        #expect(!FileManager.default.fileExists(atPath: String(target.dropLast(" (deleted)".count))))
        #expect(FileManager.default.contents(atPath: copy.path) == Data(content))
        #expect(try copy.read(20, at: 299_990) == content.suffix(10))
    }

    @Test("A copy that needs a name has it until it is told otherwise, or is gone")
    func named() throws {
        var copy: LocalFile? = try LocalFile(MemorySource(name: "t", bytes: content), isNamed: true)
        let first = try #require(copy?.path)
        #expect(FileManager.default.contents(atPath: first) == Data(content))
        copy?.forgetName()
        #expect(!FileManager.default.fileExists(atPath: first))
        #expect(try copy?.read(20, at: 299_990) == content.suffix(10))
        copy = try LocalFile(MemorySource(name: "t", bytes: content), isNamed: true)
        let second = try #require(copy?.path)
        #expect(first != second && FileManager.default.fileExists(atPath: second))
        copy = nil
        #expect(!FileManager.default.fileExists(atPath: second))
    }

    @Test("A process that a signal ends takes the names with it")
    func interrupted() async {
        // In a process of its own: nothing more is written where all unfinished files were removed.
        await #expect(processExitsWith: .exitCode(0)) {
            let copy = try LocalFile(MemorySource(name: "t", bytes: content), isNamed: true)
            guard FileManager.default.fileExists(atPath: copy.path) else { exit(1) }
            UnfinishedFiles.removeAll()
            exit(FileManager.default.fileExists(atPath: copy.path) ? 2 : 0)
        }
    }
}
