import ArgumentParser
import Cloud
import Runs
import FoundationEssentials
import Platform

/// The store of a fan-out's objects: options of all its commands.
struct FanOutOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where buckets are: file:///dir for the folders in dir. Default: S3, as the AWS environment variables say.",
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
        let environment = ProcessInfo.processInfo.environment
        return FanOutHandlers(store: try objects(), environment: environment, threads: threads)
    }

    /// The store alone.
    /// - Parameter region: S3's, where the environment names none.
    func objects(region: String? = nil) throws(Failure) -> any ObjectStore {
        try StoreLocator.store(store, region: region)
    }
}

/// Reads the event that is given to a command.
enum EventFile {
    /// The JSON in a file, or in the standard input for `-`.
    static func read(_ path: String) throws -> JSONValue {
        guard path != "-" else { return try JSONValue.parse(StandardInput.read(), name: "standard input") }
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder,
            let bytes = FileManager.default.contents(atPath: path)
        else { throw Failure(path, isFolder ? "is a folder, not a file" : "no such file") }
        return try JSONValue.parse([UInt8](bytes), name: path)
    }
}

/// Messages and results of fan-out commands.
enum FanOutNotices {
    static func show(_ warnings: [String]) { for warning in warnings { Console.report("warning: \(warning)") } }

    /// One object on the standard output.
    static func write(_ value: some Encodable) throws {
        try StandardOutput.write(String(decoding: JSONFile.encoded(value, pretty: true), as: UTF8.self) + "\n")
    }
}
