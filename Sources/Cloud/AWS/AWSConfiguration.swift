import FoundationEssentials
import Platform

/// Region, endpoints and credentials, found as AWS's own tools find them.
public struct AWSConfiguration: Sendable {
    public let region: String
    public let credentials: AWSCredentialsSource
    /// By the names of the variables. No other variables are kept, since they may contain secrets.
    private let endpoints: [String: String]
    private let profileEndpoint: String?

    /// - Parameters:
    ///   - environment: `AWS_REGION`, `AWS_DEFAULT_REGION`, and the variables of the providers of credentials.
    ///   - transport: for metadata services.
    /// - Throws: `Failure.input` where no region is set, or a file or setting is invalid. Credentials are not looked for yet.
    public init(_ environment: [String: String], transport: any HTTPTransport) throws(Failure) {
        let named = environment.set("AWS_REGION", "AWS_DEFAULT_REGION")
        // An invalid file is no error where nothing in it is needed.
        let profile: AWSProfile?
        do {
            profile = try AWSProfile(environment)
        } catch {
            guard environment.set("AWS_ACCESS_KEY_ID") != nil, named != nil else { throw error }
            profile = nil
        }
        guard let region = named ?? profile?["region"] else {
            throw Failure("AWS region", "not set: expected AWS_REGION, AWS_DEFAULT_REGION or a profile with a region")
        }
        guard Self.isRegion(region) else {
            throw Failure("AWS region", "\"\(region.oneLine)\" is not a region: expected a name such as us-east-1")
        }
        self.region = region
        endpoints = environment.filter { $0.key.hasPrefix("AWS_ENDPOINT_URL") }
        profileEndpoint = profile?["endpoint_url"]
        var providers: [any CredentialsProvider] = [EnvironmentCredentials(environment: environment)]
        if let profile { providers.append(profile) }
        providers.append(ContainerCredentials(environment: environment, transport: transport))
        providers.append(InstanceCredentials(environment: environment, transport: transport))
        credentials = AWSCredentialsSource(providers)
    }

    public init(region: String, credentials: AWSCredentials, environment: [String: String] = [:]) {
        self.region = region
        self.credentials = AWSCredentialsSource(credentials)
        endpoints = environment.filter { $0.key.hasPrefix("AWS_ENDPOINT_URL") }
        profileEndpoint = nil
    }

    /// A custom endpoint, without a trailing slash: `AWS_ENDPOINT_URL_<service>`, `AWS_ENDPOINT_URL`, or the profile's
    /// `endpoint_url`; nil where none is set.
    /// - Parameter service: as in the variable's name, such as `S3` or `SFN`.
    public func endpoint(_ service: String) throws(Failure) -> String? {
        let named = endpoints.set("AWS_ENDPOINT_URL_\(service)", "AWS_ENDPOINT_URL")
        guard var url = named ?? profileEndpoint else { return nil }
        let address = try WebAddress(url)
        guard address.query.isEmpty else { throw Failure("AWS endpoint", "must have no query") }
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// The domain of AWS's endpoints in this region.
    public var domain: String { region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com" }

    /// Whether it consists of characters of a host name.
    private static func isRegion(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isLowercase || $0.isDigit || "-".utf8.contains($0) }
    }
}
