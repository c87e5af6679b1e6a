import FoundationEssentials
import Platform

/// Finds the store that a command uses.
public enum StoreLocator {
    /// S3, as the environment says, where any of `names` is an object's; nil where all are files'.
    /// - Throws: `Failure` where the environment's settings make no sense.
    public static func store(of names: [String]) throws(Failure) -> (any ObjectStore)? {
        names.contains(where: S3Location.isLocation) ? try store(nil) : nil
    }

    /// - Parameters:
    ///   - url: `file:///folder` for a folder whose folders are the buckets; nil or `s3://` for S3, as the environment
    ///     says.
    ///   - region: where the environment names none.
    /// - Throws: `Failure` where the URL is neither, the folder is not there, or the environment's settings make no
    ///   sense.
    public static func store(_ url: String?, region: String? = nil) throws(Failure) -> any ObjectStore {
        guard let url, url != "s3://" else {
            var environment = ProcessInfo.processInfo.environment
            if let region, environment["AWS_REGION"] == nil, environment["AWS_DEFAULT_REGION"] == nil {
                environment["AWS_REGION"] = region
            }
            return try S3Client.fromEnvironment(environment, transport: CurlTransport(environment: environment))
        }
        guard url.hasPrefix("file:///"), let path = URL(string: url)?.path, !path.isEmpty else {
            throw Failure("--store: expected file:///folder or s3://, found '\(url)'")
        }
        guard FileManager.default.isFolder(path) == true else {
            throw Failure("--store: \(path): expected a folder of buckets, found none")
        }
        return FolderStore(root: path)
    }
}
