import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

/// Pseudo-random, so that it is hardly compressible, and longer than a piece of inflated bytes.
private let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 2_654_435_761 >> 11) }

private func gzipped() throws -> MemorySource {
    let stream = GzipStream()
    return MemorySource(name: "t", bytes: stream.deflate(content) + stream.finish())
}

@Suite("Files for libraries that open them by a path")
struct LibraryFileTests {
    @Test("A copy has no name that could outlive the process, and can be read by its path", arguments: [true, false])
    func unnamed(isGzip: Bool) throws {
        let source = isGzip ? try gzipped() : MemorySource(name: "t", bytes: content)
        let copy = try LibraryFile(source, isGzip: isGzip)
        #expect(copy.byteCount == content.count)
        let target = try FileManager.default.destinationOfSymbolicLink(atPath: copy.path)
        #expect(target.hasSuffix(" (deleted)"))
        #expect(!FileManager.default.fileExists(atPath: String(target.dropLast(" (deleted)".count))))
        #expect(FileManager.default.contents(atPath: copy.path) == Data(content))
        #expect(try copy.read(20, at: 299_990) == content.suffix(10))
    }

    @Test("A named copy keeps its name until `forgetName` or its release")
    func named() throws {
        var copy: LibraryFile? = try LibraryFile(MemorySource(name: "t", bytes: content), isNamed: true)
        let first = try #require(copy?.path)
        #expect(FileManager.default.contents(atPath: first) == Data(content))
        copy?.forgetName()
        #expect(!FileManager.default.fileExists(atPath: first))
        #expect(try copy?.read(20, at: 299_990) == content.suffix(10))
        copy = try LibraryFile(MemorySource(name: "t", bytes: content), isNamed: true)
        let second = try #require(copy?.path)
        #expect(first != second && FileManager.default.fileExists(atPath: second))
        copy = nil
        #expect(!FileManager.default.fileExists(atPath: second))
    }

    @Test("Names of copies are removed when the process ends early")
    func interrupted() async {
        // In a separate process, because `removeAll` blocks all later files.
        await #expect(processExitsWith: .exitCode(0)) {
            let copy = try LibraryFile(MemorySource(name: "t", bytes: content), isNamed: true)
            guard FileManager.default.fileExists(atPath: copy.path) else { exit(1) }
            UnfinishedFiles.removeAll()
            exit(FileManager.default.fileExists(atPath: copy.path) ? 2 : 0)
        }
    }
}
