import Cloud
import Costs
import FoundationEssentials
import Platform
import Runs

/// The services of AWS in one region, whatever the environment's is.
struct AWSRegion {
    private let configuration: AWSConfiguration
    private let transport: CurlTransport

    init(_ region: String) throws(Failure) {
        let environment = ProcessInfo.processInfo.environment.merging(["AWS_REGION": region]) { _, region in region }
        transport = CurlTransport(environment: environment)
        configuration = try AWSConfiguration(environment, transport: transport)
    }

    /// - Throws: `Failure` for invalid settings in the environment.
    func stepFunctions() throws(Failure) -> StepFunctionsClient {
        try StepFunctionsClient(
            configuration, transport: transport, retries: try RetryPolicy(ProcessInfo.processInfo.environment))
    }

    /// That Initialize will plan where the input names none; nil where the caller may not see the account's limit.
    func plannedConcurrency() -> PlannedConcurrency? {
        (try? LambdaConcurrency(configuration, transport: transport, retries: .few)).map { PlannedConcurrency($0) }
    }

    func log(_ group: String) throws(Failure) -> LogGroup {
        try LogGroup(group, configuration, transport: transport, retries: .few)
    }
}
