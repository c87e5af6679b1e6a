import Foundation

/// Paths of the test data in the repository.
public enum Fixture {
    /// Root of the repository.
    public static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    /// A file under Tests/Fixtures, such as `tiny/normalcell.pt`.
    public static func path(_ name: String) -> String { root + "/Tests/Fixtures/" + name }
    /// A file under weights/.
    public static func weights(_ name: String) -> String { root + "/weights/" + name }

    /// Runs `body` with a new folder, which is removed afterwards.
    public static func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cai-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path)
    }
}
