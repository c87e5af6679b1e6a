import Foundation

/// Paths of the test data in the repository.
public enum Fixture {
    /// Root of the repository.
    public static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    /// A file under Tests/Fixtures, such as `tiny/normalcell.pt`.
    public static func path(_ name: String) -> String { root + "/Tests/Fixtures/" + name }
    /// A file under weights/.
    public static func weights(_ name: String) -> String { root + "/weights/" + name }

    /// Runs `body` with a new folder, which is removed afterwards.
    public static func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
        let folder = try makeTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    /// A new folder in that of the run. The caller removes it, or it is removed with the run.
    static func makeTemporaryFolder() throws -> String {
        let folder = "\(RunFolder.path)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }
}
