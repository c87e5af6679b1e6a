import FoundationEssentials
import Platform

/// Region, endpoints and credentials, found as AWS's own tools find them.
public struct AWSConfiguration: Sendable {
    public let credentials: AWSCredentialsSource
    let endpoints: AWSEndpoints

    /// - Parameters:
    ///   - environment: `AWS_REGION`, `AWS_DEFAULT_REGION`, and the variables of endpoints and of the providers of credentials.
    ///   - transport: for metadata services and AWS STS.
    ///   - otherwise: the region where none is set; nil if that is an error.
    /// - Throws: `Failure.input` where no region is set, or a file or setting is invalid. Credentials are not looked for yet.
    public init(
        _ environment: [String: String], transport: any HTTPTransport, region otherwise: String? = nil
    ) throws(Failure) {
        let named = environment.set("AWS_REGION", "AWS_DEFAULT_REGION")
        // An invalid file is not an error where nothing in it is needed.
        let profile: AWSProfile?
        do {
            profile = try AWSProfiles(environment).selected
        } catch {
            guard environment.set("AWS_ACCESS_KEY_ID") != nil, named != nil else { throw error }
            profile = nil
        }
        guard let region = named ?? profile?["region"] ?? otherwise else {
            throw Failure("AWS region", "not set: expected AWS_REGION, AWS_DEFAULT_REGION or a profile with a region")
        }
        guard Self.isRegion(region) else {
            throw Failure("AWS region", "\"\(region.oneLine)\" is not a region: expected a name such as us-east-1")
        }
        endpoints = AWSEndpoints(region: region, environment: environment, profile: profile)
        credentials = AWSCredentialsSource(Self.providers(environment, endpoints, transport))
    }

    public init(region: String, credentials: AWSCredentials, environment: [String: String] = [:]) {
        self.init(region: region, credentials: AWSCredentialsSource(credentials), environment: environment)
    }

    init(region: String, credentials: AWSCredentialsSource, environment: [String: String] = [:]) {
        self.credentials = credentials
        endpoints = AWSEndpoints(region: region, environment: environment)
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

    /// The URL of a service, without a trailing slash: a custom endpoint (`AWS_ENDPOINT_URL_<service>`, `AWS_ENDPOINT_URL`, or
    /// the profile's `endpoint_url`), or that of AWS in the region.
    /// - Throws: `Failure` of kind `.input` where the settings of endpoints are invalid.
    func url(of service: AWSService) throws(Failure) -> String { try endpoints.url(of: service) }

    /// Whether it consists of characters of a host name.
    static func isRegion(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isLowercase || $0.isDigit || "-".utf8.contains($0) }
    }
}
