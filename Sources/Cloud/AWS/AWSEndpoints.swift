import Platform

/// A service of AWS, as endpoints name it.
struct AWSService: Sendable {
    /// The service of `AWS_ENDPOINT_URL_<variable>`.
    let variable: String
    /// The first label of its hosts.
    let host: String

    static let s3 = AWSService(variable: "S3", host: "s3")
    static let securityTokens = AWSService(variable: "STS", host: "sts")
    static let stateMachines = AWSService(variable: "SFN", host: "states")
    static let functions = AWSService(variable: "LAMBDA", host: "lambda")
    static let logs = AWSService(variable: "LOGS", host: "logs")
    /// IAM Identity Center.
    static let signIn = AWSService(variable: "SSO", host: "portal.sso")
}

/// The region of a configuration, and the settings of endpoints.
struct AWSEndpoints: Sendable {
    let region: String
    /// By the names of the variables. No other variables are kept, since they may contain secrets.
    private let variables: [String: String]

    /// Variables and the profile's settings that apply without them.
    private static let settings = [
        "AWS_ENDPOINT_URL": "endpoint_url", "AWS_USE_FIPS_ENDPOINT": "use_fips_endpoint",
        "AWS_USE_DUALSTACK_ENDPOINT": "use_dualstack_endpoint",
    ]

    /// - Parameter environment: `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<service>`, `AWS_USE_FIPS_ENDPOINT` and
    ///   `AWS_USE_DUALSTACK_ENDPOINT`.
    init(region: String, environment: [String: String], profile: AWSProfile? = nil) {
        self.region = region
        var variables = environment.filter {
            $0.key.hasPrefix("AWS_ENDPOINT_URL") || Self.settings.keys.contains($0.key)
        }
        for (variable, setting) in Self.settings where variables.set(variable) == nil {
            variables[variable] = profile?[setting]
        }
        self.variables = variables
    }

    /// The custom endpoint of a service, without a trailing slash; nil where none is set.
    /// - Throws: `Failure` of kind `.input` for an endpoint that is not a URL, or has a query, and where FIPS or dual-stack
    ///   endpoints are required as well, as AWS's SDKs do.
    func custom(_ service: AWSService) throws(Failure) -> String? {
        guard var url = variables.set("AWS_ENDPOINT_URL_\(service.variable)", "AWS_ENDPOINT_URL") else { return nil }
        let address = try WebAddress(url)
        guard address.query.isEmpty else { throw Failure("AWS endpoint", "must have no query") }
        guard try !isFIPS, try !isDualStack else {
            throw Failure(
                "AWS endpoint",
                "\(WebAddress.withoutQuery(url).oneLine) is set together with AWS_USE_FIPS_ENDPOINT or "
                    + "AWS_USE_DUALSTACK_ENDPOINT: expected one of them")
        }
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// The URL of a service other than S3, or its custom endpoint; without a trailing slash.
    /// - Parameter region: nil for that of the configuration.
    /// - Throws: `Failure` of kind `.input` for settings that are invalid, or that the partition does not have.
    func url(of service: AWSService, region: String? = nil) throws(Failure) -> String {
        if let custom = try custom(service) { return custom }
        let region = region ?? self.region
        let (partition, isDualStack) = (AWSPartition(region: region), try isDualStack)
        let domain = isDualStack ? partition.dualStackDomain : partition.domain
        let suffix = try hasSuffix(service, in: region, isFIPS: isFIPS, isDualStack: isDualStack) ? "-fips" : ""
        return "https://\(service.host)\(suffix).\(region).\(domain)"
    }

    /// The host of S3, or of its access points, in a region.
    /// - Parameter name: `s3` or `s3-accesspoint`.
    /// - Throws: as `url(of:)` does.
    func s3Host(_ name: String, region: String) throws(Failure) -> String {
        let (fips, dual) = (try isFIPS ? "-fips" : "", try isDualStack ? ".dualstack" : "")
        return "\(name)\(fips)\(dual).\(region).\(AWSPartition(region: region).domain)"
    }

    /// Whether the host of a service ends with `-fips`. In GovCloud, other hosts satisfy FIPS as well.
    private func hasSuffix(
        _ service: AWSService, in region: String, isFIPS: Bool, isDualStack: Bool
    ) -> Bool {
        guard AWSPartition(region: region).name == "aws-us-gov" else { return isFIPS }
        switch service.host {
        case "states": return isDualStack || isFIPS && region != "us-gov-west-1"
        case "sts", "portal.sso", "logs": return isFIPS && isDualStack
        default: return isFIPS
        }
    }

    private var isFIPS: Bool {
        get throws(Failure) {
            let isFIPS = try isOn("AWS_USE_FIPS_ENDPOINT")
            guard !isFIPS || AWSPartition(region: region).name != "aws-cn" else {
                throw Failure("AWS_USE_FIPS_ENDPOINT", "region \(region) has no FIPS endpoints")
            }
            return isFIPS
        }
    }

    private var isDualStack: Bool {
        get throws(Failure) { try isOn("AWS_USE_DUALSTACK_ENDPOINT") }
    }

    private func isOn(_ variable: String) throws(Failure) -> Bool {
        guard let text = variables.set(variable) else { return false }
        guard let value = Bool(text.lowercased()) else {
            let setting = Self.settings[variable].map { " (\($0))" } ?? ""
            throw Failure("\(variable)\(setting)", "expected true or false, found \(text.oneLine.quoted)")
        }
        return value
    }
}

/// A partition of AWS: regions with their own accounts, domains and ARNs.
struct AWSPartition: Equatable {
    /// As in ARNs.
    let name: String
    let domain: String
    let dualStackDomain: String

    init(region: String) {
        let known = Self.all.first { region.hasPrefix($0.regions) }
        (_, name, domain, dualStackDomain) = known ?? ("", "aws", "amazonaws.com", "api.aws")
    }

    /// By the beginning of the names of their regions; all others are of `aws`.
    private static let all: [(regions: String, name: String, domain: String, dualStackDomain: String)] = [
        ("cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        ("us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"),
        ("eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"),
        ("us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"),
        ("us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"),
        ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        ("us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ]
}
