import Platform

/// The region of a configuration, and the endpoints in it that replace those of AWS.
struct AWSEndpoints: Sendable {
    let region: String
    /// By the names of the variables. No other variables are kept, since they may contain secrets.
    private let variables: [String: String]
    private let profileEndpoint: String?

    /// - Parameters:
    ///   - environment: `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<service>`.
    ///   - profileEndpoint: the profile's `endpoint_url`.
    init(region: String, environment: [String: String], profileEndpoint: String?) {
        self.region = region
        variables = environment.filter { $0.key.hasPrefix("AWS_ENDPOINT_URL") }
        self.profileEndpoint = profileEndpoint
    }

    /// Without a trailing slash; nil where none is set.
    /// - Parameter service: as in the variable's name, such as `S3` or `SFN`.
    /// - Throws: `Failure` of kind `.input` for an endpoint that is not a URL, or has a query.
    func custom(_ service: String) throws(Failure) -> String? {
        let named = variables.set("AWS_ENDPOINT_URL_\(service)", "AWS_ENDPOINT_URL")
        guard var url = named ?? profileEndpoint else { return nil }
        let address = try WebAddress(url)
        guard address.query.isEmpty else { throw Failure("AWS endpoint", "must have no query") }
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// The domain of AWS's endpoints in this region.
    var domain: String { region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com" }
}
