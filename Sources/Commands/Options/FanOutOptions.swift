import ArgumentParser
import Cloud
import Runs
import FoundationEssentials
import Glibc
import Platform

/// The store of a fan-out's objects: options of all its commands.
struct FanOutOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Location of the buckets: file:///dir for the folders in dir. Default: S3, by AWS's environment variables.",
            valueName: "url"))
    var store: String?

    func validate() throws {
        guard let store else { return }
        try requireName(store, of: "--store")
        guard store == "s3://" || store.hasPrefix("file:///") else {
            throw ValidationError("--store: expected file:///dir or s3://, found '\(store)'")
        }
    }

    /// - Parameter threads: nil for the processors that this process may use.
    func handlers(threads: Int? = nil) throws(Failure) -> FanOutHandlers {
        FanOutHandlers(
            store: try objects(), environment: ProcessInfo.processInfo.environment, threads: threads)
    }

    /// The store alone.
    /// - Parameter region: S3's, where the environment names none.
    func objects(region: String? = nil) throws(Failure) -> any ObjectStore {
        try StoreLocator.store(store, region: region)
    }

    /// The name of an event in errors.
    static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

    /// The event that is given to a command: the JSON in a file, or in the standard input for `-`.
    static func event(_ path: String) throws(Failure) -> JSONValue {
        guard path == "-" else { return try JSONValue.parse(FileBytes.read(path), name: path) }
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try FileCalls.readToEnd(STDIN_FILENO) } catch {
            throw Failure(.unavailable, "standard input", "cannot be read")
        }
        return try JSONValue.parse(bytes, name: name(path))
    }
}
