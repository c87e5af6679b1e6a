import Foundation

/// The repository that a benchmark was built from: its demo files and its commit.
public enum Checkout {
    public static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    public static let demoWeights = root + "/weights/astromae-demo.safetensors"
    public static let demoAutoencoder = root + "/weights/astromae-mae-demo.safetensors"
    public static let demoGalaxies = root + "/weights/demo-galaxies.pt"
    /// Redshifts of the demo weights; its first rows are the demo galaxies'.
    public static let demoGolden = root + "/Tests/Fixtures/full/predictions-f16.golden.safetensors"
    /// The first demo galaxies with the noise for their masks, and their reconstructions in float64.
    public static let autoencoderInputs = root + "/Tests/Fixtures/mae/demo-first8.golden.safetensors"
    public static let autoencoderGolden = root + "/Tests/Fixtures/mae/demo-f16-first8.golden.safetensors"

    /// Short hash of the commit, with `-dirty` if tracked files differ from it; "unknown" outside a git checkout.
    public static func commit() -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", root, "describe", "--always", "--dirty", "--exclude=*"]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return "unknown" }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let hash = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return process.terminationStatus == 0 && !hash.isEmpty ? hash : "unknown"
    }
}
