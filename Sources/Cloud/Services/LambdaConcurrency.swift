import Platform

/// How many functions may run at the same time in an account and a region.
public struct LambdaConcurrency: Sendable, Equatable {
    /// Of all functions.
    public let limit: Int
    /// What functions without a reservation share.
    public let unreserved: Int

    public init(limit: Int, unreserved: Int) { (self.limit, self.unreserved) = (limit, unreserved) }

    /// Asks Lambda for it (GetAccountSettings).
    /// - Throws: `Failure`; of kind `.denied` without `lambda:GetAccountSettings`.
    public init(
        _ configuration: AWSConfiguration, transport: any HTTPTransport, retries: RetryPolicy
    ) throws(Failure) {
        struct Output: Decodable {
            struct Limit: Decodable {
                let ConcurrentExecutions: Int
                let UnreservedConcurrentExecutions: Int
            }
            let AccountLimit: Limit
        }
        let service = try ServiceClient(.functions, configuration, transport: transport, retries: retries)
        let request = HTTPRequest("GET", service.endpoint + "/2016-08-19/account-settings/", timeout: 5)
        let output: Output = try service.answer(to: request, "GetAccountSettings", of: "AWS Lambda")
        self.init(
            limit: output.AccountLimit.ConcurrentExecutions,
            unreserved: output.AccountLimit.UnreservedConcurrentExecutions)
    }
}
