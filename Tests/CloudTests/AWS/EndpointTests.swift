import Testing

@testable import Cloud
@testable import Platform

/// The expected URLs are those of botocore 1.43.
@Suite("Endpoints of AWS")
struct EndpointTests {
    private static let fips = ["AWS_USE_FIPS_ENDPOINT": "true"]
    private static let dual = ["AWS_USE_DUALSTACK_ENDPOINT": "TRUE"]
    private static let both = fips.merging(dual) { $1 }

    private func endpoints(_ region: String, _ environment: [String: String]) -> AWSEndpoints {
        AWSEndpoints(region: region, environment: environment)
    }

    @Test(
        "Services have endpoints in every partition",
        arguments: [
            ("us-east-1", "amazonaws.com", "api.aws"), ("us-gov-west-1", "amazonaws.com", "api.aws"),
            ("cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
            ("eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"),
            ("us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"),
            ("eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
            ("us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        ])
    func partitions(region: String, domain: String, dualStack: String) throws {
        let plain = endpoints(region, [:])
        #expect(try plain.url(of: .securityTokens) == "https://sts.\(region).\(domain)")
        #expect(try plain.url(of: .stateMachines) == "https://states.\(region).\(domain)")
        #expect(try plain.s3Host("s3", region: region) == "s3.\(region).\(domain)")
        let dual = endpoints(region, Self.dual)
        #expect(try dual.url(of: .securityTokens) == "https://sts.\(region).\(dualStack)")
        #expect(try dual.s3Host("s3", region: region) == "s3.dualstack.\(region).\(domain)")
    }

    @Test(
        "FIPS endpoints have a suffix, except those of GovCloud that have none",
        arguments: [
            ("us-east-1", fips, "sts-fips.us-east-1.amazonaws.com", "states-fips.us-east-1.amazonaws.com"),
            ("us-east-1", both, "sts-fips.us-east-1.api.aws", "states-fips.us-east-1.api.aws"),
            ("us-gov-west-1", fips, "sts.us-gov-west-1.amazonaws.com", "states.us-gov-west-1.amazonaws.com"),
            ("us-gov-east-1", fips, "sts.us-gov-east-1.amazonaws.com", "states-fips.us-gov-east-1.amazonaws.com"),
            ("us-gov-west-1", dual, "sts.us-gov-west-1.api.aws", "states-fips.us-gov-west-1.api.aws"),
            ("us-gov-west-1", both, "sts-fips.us-gov-west-1.api.aws", "states-fips.us-gov-west-1.api.aws"),
        ])
    func fipsHosts(region: String, environment: [String: String], tokens: String, states: String) throws {
        let endpoints = endpoints(region, environment)
        #expect(try endpoints.url(of: .securityTokens) == "https://\(tokens)")
        #expect(try endpoints.url(of: .stateMachines) == "https://\(states)")
        let signIn = tokens.replacing("sts", with: "portal.sso")
        #expect(try endpoints.url(of: .signIn) == "https://\(signIn)")
        let dual = environment == Self.fips ? "" : ".dualstack"
        let fips = environment == Self.dual ? "" : "-fips"
        #expect(try endpoints.s3Host("s3", region: region) == "s3\(fips)\(dual).\(region).amazonaws.com")
    }

    @Test("Settings of the profile apply where the environment has none")
    func profile() throws {
        let config = "[default]\nregion = eu-west-1\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n"
        func url(_ environment: [String: String]) throws -> String {
            let service = FakeTokenService()
            let role = ["AWS_ROLE_ARN": "arn:aws:iam::1:role/w", "AWS_WEB_IDENTITY_TOKEN_FILE": "/proc/self/comm"]
            _ = try FoundCredentials.find(
                role.merging(environment) { $1 }, files: ["config": config], transport: service)
            return try #require(service.requests.first).url
        }
        #expect(try url([:]) == "https://sts-fips.eu-west-1.api.aws/")
        #expect(try url(["AWS_USE_FIPS_ENDPOINT": "false"]) == "https://sts.eu-west-1.api.aws/")
    }

    @Test(
        "Invalid settings are refused",
        arguments: [
            ("us-east-1", ["AWS_USE_FIPS_ENDPOINT": "maybe"], "(use_fips_endpoint): expected true or false"),
            ("cn-north-1", fips, "AWS_USE_FIPS_ENDPOINT: region cn-north-1 has no FIPS endpoints"),
            ("us-east-1", fips.merging(["AWS_ENDPOINT_URL": "http://h:1"]) { $1 }, "http://h:1 is set together with"),
            ("us-east-1", dual.merging(["AWS_ENDPOINT_URL_STS": "http://h:1"]) { $1 }, "expected one of them"),
        ])
    func refusals(region: String, environment: [String: String], reason: String) {
        let error = #expect(throws: Failure.self) { try endpoints(region, environment).url(of: .securityTokens) }
        #expect(error?.kind == .input)
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
}
