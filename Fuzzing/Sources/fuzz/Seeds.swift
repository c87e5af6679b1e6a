import Foundation
import TestSupport

/// Initial inputs: fixtures of the tests, and hostile files that the tests build.
enum Seeds {
    /// Files in a folder of Tests/Fixtures with one of these extensions, up to a number of bytes.
    static func fixtures(_ folder: String, _ endings: [String], atMost size: Int) throws -> [[UInt8]] {
        let path = Fixture.path(folder)
        return try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
            .filter { name in endings.contains { name.hasSuffix($0) } }
            .map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + $0))) }
            .filter { $0.count <= size }
    }

    /// Hostile files of the tests that begin with these bytes.
    static func hostile(_ magic: [UInt8], atMost size: Int) -> [[UInt8]] {
        HostileFiles.all.map { $0.make() }.filter { $0.starts(with: magic) && $0.count <= size }
    }

    static func texts(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
}
