import Foundation
import TestSupport

/// What corpora begin with: the tests' fixtures, and the hostile files that the tests make.
enum Seeds {
    /// Files of a folder under Tests/Fixtures with one of these endings, of at most so many bytes.
    static func fixtures(_ folder: String, _ endings: [String], atMost size: Int) throws -> [[UInt8]] {
        let path = Fixture.path(folder)
        return try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
            .filter { name in endings.contains { name.hasSuffix($0) } }
            .map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + $0))) }
            .filter { $0.count <= size }
    }

    /// The tests' hostile files whose first bytes are these.
    static func hostile(_ magic: [UInt8], atMost size: Int) -> [[UInt8]] {
        HostileFiles.all.map { $0.make() }.filter { $0.starts(with: magic) && $0.count <= size }
    }

    static func texts(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
}
