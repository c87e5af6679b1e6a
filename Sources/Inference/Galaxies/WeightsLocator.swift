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
    /// The environment variables that name the weights of a redshift network, and those of a masked autoencoder.
    public static let variable = "CAI_WEIGHTS"
    public static let autoencoderVariable = "CAI_MAE_WEIGHTS"

    /// A path or an `s3://` URL of weights, and what has named it.
    public struct Located: Sendable {
        public let path: String
        /// `$CAI_WEIGHTS`; nil for an option.
        public let origin: String?

        public init(path: String, origin: String?) { (self.path, self.origin) = (path, origin) }

        /// Runs `body`, whose failures about these weights then state what has named them.
        public func naming<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
            do throws(Failure) { return try body() } catch {
                guard let origin, error.subject == path else { throw error }
                throw Failure(error.kind, path, "\(error.message) (named by \(origin))")
            }
        }
    }

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
    public func located(_ path: String?) throws(Failure) -> Located {
        try located(path, else: Self.variable, else: Self.demoWeights)
    }

    /// The same for commands that need a masked autoencoder: `$CAI_MAE_WEIGHTS`.
    public func locatedAutoencoder(_ path: String?) throws(Failure) -> Located {
        try located(path, else: Self.autoencoderVariable, else: Self.demoAutoencoder)
    }

    /// The path of `located`.
    public func weights(named path: String?) throws(Failure) -> String { try located(path).path }

    /// The demo's weights, whatever the environment names.
    public func demo(_ name: String) throws(Failure) -> String {
        try bundled(name, hint: "it is installed with the program")
    }

    private func located(
        _ path: String?, else variable: String, else demo: String
    ) throws(Failure) -> Located {
        if let path { return Located(path: path, origin: nil) }
        if let path = environment.set(variable) { return Located(path: path, origin: "$\(variable)") }
        return Located(
            path: try bundled(demo, hint: "name the weights with --weights or $\(variable)"),
            origin: "the installation")
    }

    /// The demo galaxies.
    public func galaxies() throws(Failure) -> String {
        try bundled(Self.demoGalaxies, hint: "it is in weights/ of the source")
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
