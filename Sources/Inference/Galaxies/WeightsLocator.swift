import FoundationEssentials
import Platform

/// Finds the files that come with the program: the demo weights and the demo galaxies.
public struct WeightsLocator: Sendable {
    /// The default weights: large tensors are float16, see `weights/README.md`.
    public static let demoWeights = "astromae-demo.safetensors"
    /// The default weights of the masked autoencoder.
    public static let demoAutoencoder = "astromae-mae-demo.safetensors"
    /// 512 simulated galaxies with their redshifts.
    public static let demoGalaxies = "demo-galaxies.pt"
    /// The environment variable that names the weights.
    public static let variable = "CAI_WEIGHTS"

    private let environment: [String: String]
    private let binaryFolder: String
    private let currentFolder: String

    /// - Parameters: by default the process's own; tests pass others.
    public init(
        environment: [String: String] = ProcessInfo.processInfo.environment, binaryFolder: String? = nil,
        currentFolder: String = FileManager.default.currentDirectoryPath
    ) {
        self.environment = environment
        self.currentFolder = currentFolder
        let binary = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        self.binaryFolder =
            binaryFolder ?? binary.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path } ?? currentFolder
    }

    /// The weights to use: those given, else `$CAI_WEIGHTS`, else the demo's.
    /// - Throws: `Failure.input` where none are given and the demo's are not found.
    public func weights(named path: String?) throws(Failure) -> String {
        try weights(named: path, else: Self.demoWeights)
    }

    /// The same for commands that need a masked autoencoder.
    public func autoencoder(named path: String?) throws(Failure) -> String {
        try weights(named: path, else: Self.demoAutoencoder)
    }

    private func weights(named path: String?, else demo: String) throws(Failure) -> String {
        if let path { return path }
        if let path = environment.set(Self.variable) { return path }
        return try bundled(demo, hint: "name the weights with --weights or $\(Self.variable)")
    }

    /// The demo galaxies.
    public func galaxies() throws(Failure) -> String {
        try bundled(Self.demoGalaxies, hint: "they come with the source, in weights/")
    }

    /// The first of: `weights/` beside the binary, `../share/cai/weights` from there (an installation), `weights/` in a
    /// folder above the binary or above the current one (a checkout).
    private func bundled(_ name: String, hint: String) throws(Failure) -> String {
        let installed = URL(fileURLWithPath: binaryFolder + "/../share/cai").standardizedFileURL.path
        let folders = [binaryFolder, installed] + Self.ancestors(of: binaryFolder) + Self.ancestors(of: currentFolder)
        for folder in folders {
            let path = (folder == "/" ? "" : folder) + "/weights/" + name
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw Failure(name, "not found in weights/ beside \(binaryFolder) or above it: \(hint)")
    }

    /// The folder itself, then each above it.
    private static func ancestors(of folder: String) -> [String] {
        let components = URL(fileURLWithPath: folder).standardizedFileURL.path.split(separator: "/")
        return (0...components.count).reversed().map { "/" + components.prefix($0).joined(separator: "/") }
    }
}
