import Foundation
import TestSupport
import Testing

/// weights/MANIFEST.json lists the files beside it: names, sizes and sha256.
@Suite struct ManifestTests {
    struct Manifest: Decodable {
        let files: [Entry]
    }
    struct Entry: Decodable, CustomTestStringConvertible {
        let name: String
        let sha256: String
        let bytes: Int
        let origin: String
        var testDescription: String { name }
    }

    static let entries: [Entry] = {
        let content = FileManager.default.contents(atPath: Fixture.weights("MANIFEST.json")) ?? Data()
        return (try? JSONDecoder().decode(Manifest.self, from: content))?.files ?? []
    }()

    @Test func listsEveryDataFile() throws {
        let folder = try FileManager.default.contentsOfDirectory(atPath: Fixture.weights(""))
        let data = folder.filter { $0.hasSuffix(".pt") || $0.hasSuffix(".safetensors") }
        #expect(!data.isEmpty)
        #expect(Self.entries.map(\.name).sorted() == data.sorted())
    }

    @Test(arguments: entries) func describesItsFile(_ entry: Entry) throws {
        let path = Fixture.weights(entry.name)
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        #expect(size == entry.bytes)
        #expect(try sha256(of: path) == entry.sha256)
        #expect(!entry.origin.isEmpty)
    }

    /// By sha256sum of coreutils, so that the tests need no cryptographic library.
    private func sha256(of path: String) throws -> String {
        let ended = try ChildProcess(["/usr/bin/env", "sha256sum", "--binary", path]).end()
        #expect(ended.status == 0)
        return String(ended.output.prefix { $0 != " " })
    }
}
