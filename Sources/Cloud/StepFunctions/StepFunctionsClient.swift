import Platform

/// Client of AWS Step Functions for starting, watching and stopping executions: AWS JSON 1.0 over POST.
public struct StepFunctionsClient: Sendable {
    private let service: ServiceClient

    /// - Throws: `Failure` of kind `.input` for an endpoint that is not a URL.
    public init(
        _ configuration: AWSConfiguration, transport: any HTTPTransport, retries: RetryPolicy = RetryPolicy()
    ) throws(Failure) {
        service = try ServiceClient(.stateMachines, configuration, transport: transport, retries: retries)
    }

    /// Starts an execution. Repeated calls with the same name and input start it only once.
    /// - Parameters:
    ///   - name: up to 80 characters, unique for this state machine.
    ///   - input: a JSON object.
    /// - Returns: the ARN of the execution.
    /// - Throws: `Failure`; of kind `.unknown` where an attempt had no answer: the execution may have started.
    public func startExecution(stateMachine: String, name: String, input: String) throws(Failure) -> String {
        struct Output: Decodable {
            let executionArn: String
        }
        let input = ["stateMachineArn": stateMachine, "name": name, "input": input]
        return try (change("StartExecution", input, of: stateMachine) as Output).executionArn
    }

    public func describeExecution(_ arn: String) throws(Failure) -> Execution {
        try call("DescribeExecution", ["executionArn": arn], of: arn)
    }

    /// Ends an execution that runs; no error where it has ended already.
    /// - Throws: `Failure`; of kind `.unknown` where an attempt had no answer: the execution may be stopped.
    public func stopExecution(_ arn: String, error: String, cause: String) throws(Failure) {
        struct Output: Decodable {}
        let input = ["executionArn": arn, "error": error, "cause": cause]
        let _: Output = try change("StopExecution", input, of: arn)
    }

    /// The ARNs of all Map runs of an execution so far.
    public func listMapRuns(of execution: String) throws(Failure) -> [String] {
        struct Output: Decodable {
            struct Item: Decodable {
                let mapRunArn: String
            }
            let mapRuns: [Item]
            let nextToken: String?
        }
        var arns: [String] = []
        var input = ["executionArn": execution]
        while true {
            let output: Output = try call("ListMapRuns", input, of: execution)
            arns += output.mapRuns.map(\.mapRunArn)
            guard let token = output.nextToken, !token.isEmpty else { return arns }
            guard token != input["nextToken"] else {
                throw Failure(execution, "ListMapRuns: expected another page, found the same one again")
            }
            input["nextToken"] = token
        }
    }

    public func describeMapRun(_ arn: String) throws(Failure) -> MapRun {
        let run: MapRun = try call("DescribeMapRun", ["mapRunArn": arn], of: arn)
        guard run.itemCounts.areCounts else { throw Failure(arn, "DescribeMapRun: invalid counts of items") }
        return run
    }

    private func call<Output: Decodable>(
        _ action: String, _ input: [String: String], of subject: String
    ) throws(Failure) -> Output {
        try service.call(action, target: "AWSStepFunctions", input, of: subject)
    }

    /// A call that changes something. An attempt without an answer may have done so: a refusal of a later one, such as of
    /// credentials that have expired since, does not mean that nothing was done. A conflict is left to the caller.
    private func change<Output: Decodable>(
        _ action: String, _ input: [String: String], of subject: String
    ) throws(Failure) -> Output {
        try service.requireCredentials()
        var attempts = Retries(retries)
        var isUnanswered = false
        while true {
            do throws(Failure) {
                return try once.call(action, input, of: subject)
            } catch {
                func unknown(_ error: Failure) -> Failure { Failure(.unknown, error.subject, error.message) }
                guard error.kind == .unavailable else {
                    throw isUnanswered && error.kind != .conflict ? unknown(error) : error
                }
                isUnanswered = true
                do throws(Failure) {
                    try attempts.wait(after: error, isAnswered: service.contact.isAnswered)
                } catch { throw unknown(error) }
            }
        }
    }

    private init(_ service: ServiceClient) { self.service = service }

    /// The same client, which asks once and leaves further attempts to the caller.
    var once: StepFunctionsClient { StepFunctionsClient(service.once) }

    var retries: RetryPolicy { service.retries }
}
