import FoundationEssentials
import Platform

/// Region, endpoints and credentials, found as AWS's own tools find them.
public struct AWSConfiguration: Sendable {
    public let credentials: AWSCredentialsSource
    private let endpoints: AWSEndpoints

    /// - Parameters:
    ///   - environment: `AWS_REGION`, `AWS_DEFAULT_REGION`, and the variables of the providers of credentials.
    ///   - transport: for metadata services and AWS STS.
    /// - Throws: `Failure.input` where no region is set, or a file or setting is invalid. Credentials are not looked for yet.
    public init(_ environment: [String: String], transport: any HTTPTransport) throws(Failure) {
        let named = environment.set("AWS_REGION", "AWS_DEFAULT_REGION")
        // An invalid file is no error where nothing in it is needed.
        let profile: AWSProfile?
        do {
            profile = try AWSProfiles(environment).selected
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
        endpoints = AWSEndpoints(
            region: region, environment: environment, profileEndpoint: profile?["endpoint_url"])
        credentials = AWSCredentialsSource(Self.providers(environment, endpoints, transport))
    }

    public init(region: String, credentials: AWSCredentials, environment: [String: String] = [:]) {
        self.init(region: region, credentials: AWSCredentialsSource(credentials), environment: environment)
    }

    init(region: String, credentials: AWSCredentialsSource, environment: [String: String] = [:]) {
        self.credentials = credentials
        endpoints = AWSEndpoints(region: region, environment: environment, profileEndpoint: nil)
    }

    /// In the order of AWS's SDKs.
    private static func providers(
        _ environment: [String: String], _ endpoints: AWSEndpoints, _ transport: any HTTPTransport
    ) -> [any CredentialsProvider] {
        let variables = EnvironmentCredentials(environment: environment)
        let tokens = SecurityTokenService(endpoints: endpoints, transport: transport)
        let container = ContainerCredentials(environment: environment, transport: transport)
        let instance = InstanceCredentials(environment: environment, transport: transport)
        let profile = ProfileCredentials(
            environment: environment, tokens: tokens,
            sources: ["Environment": variables, "EcsContainer": container, "Ec2InstanceMetadata": instance])
        return [
            variables, WebIdentityCredentials(environment: environment, tokens: tokens), profile, container, instance,
        ]
    }

    public var region: String { endpoints.region }

    /// A custom endpoint, without a trailing slash: `AWS_ENDPOINT_URL_<service>`, `AWS_ENDPOINT_URL`, or the profile's
    /// `endpoint_url`; nil where none is set.
    /// - Parameter service: as in the variable's name, such as `S3` or `SFN`.
    public func endpoint(_ service: String) throws(Failure) -> String? { try endpoints.custom(service) }

    /// The domain of AWS's endpoints in this region.
    public var domain: String { endpoints.domain }

    /// Whether it consists of characters of a host name.
    private static func isRegion(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isLowercase || $0.isDigit || "-".utf8.contains($0) }
    }
}
