import FoundationEssentials
import Platform

/// Client of AWS Step Functions for starting and watching executions: AWS JSON 1.0 over POST.
public struct StepFunctionsClient: Sendable {
    private let configuration: AWSConfiguration
    private let endpoint: String
    private let transport: any HTTPTransport
    private let retries: RetryPolicy

    /// - Throws: `Failure` of kind `.input` for an endpoint that is not a URL.
    public init(
        _ configuration: AWSConfiguration, transport: any HTTPTransport, retries: RetryPolicy = RetryPolicy()
    ) throws(Failure) {
        self.configuration = configuration
        self.transport = transport
        self.retries = retries
        let own = "https://states.\(configuration.region).\(configuration.domain)"
        endpoint = try configuration.endpoint("SFN") ?? own
    }

    /// Starts an execution. Repeated calls with the same name and input start it only once.
    /// - Parameters:
    ///   - name: up to 80 characters, unique for this state machine.
    ///   - input: a JSON object.
    /// - Returns: the ARN of the execution.
    public func startExecution(stateMachine: String, name: String, input: String) throws(Failure) -> String {
        struct Input: Encodable {
            let stateMachineArn: String
            let name: String
            let input: String
        }
        struct Output: Decodable {
            let executionArn: String
        }
        let output: Output = try call(
            "StartExecution", Input(stateMachineArn: stateMachine, name: name, input: input), of: stateMachine)
        return output.executionArn
    }

    public func describeExecution(_ arn: String) throws(Failure) -> Execution {
        try call("DescribeExecution", ["executionArn": arn], of: arn)
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
        guard run.itemCounts.areCounts else { throw Failure(arn, "DescribeMapRun: its counts of items are none") }
        return run
    }

    /// One call, retried while the service is busy or unreachable. All calls here are idempotent.
    private func call<Output: Decodable>(
        _ action: String, _ input: some Encodable, of subject: String
    ) throws(Failure) -> Output {
        let body: Data
        do {
            body = try JSONEncoder().encode(input)
        } catch {
            throw Failure(subject, "\(action): the request cannot be written as JSON")
        }
        let request = HTTPRequest(
            "POST", endpoint + "/",
            headers: [
                ("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "AWSStepFunctions.\(action)"),
            ], body: [UInt8](body), timeout: 60)
        let response = try send(request, action, of: subject)
        do {
            return try JSONDecoder().decode(Output.self, from: Data(response.body))
        } catch {
            throw Failure(
                subject,
                "\(action): expected the answer's fields, found \(response.body.count) bytes without them")
        }
    }

    private func send(_ request: HTTPRequest, _ action: String, of subject: String) throws(Failure) -> HTTPResponse {
        var attempts = Retries(retries)
        while true {
            let credentials = try configuration.credentials.credentials()
            let signed = try SigV4.sign(
                request, service: "states", region: configuration.region, credentials: credentials,
                date: retries.now())
            let failure: Failure
            do throws(Failure) {
                let response = try transport.send(signed)
                if (200..<300).contains(response.status) { return response }
                failure = ServiceRefusal(response, hiding: credentials).error(action, of: subject)
            } catch {
                failure = error
            }
            guard failure.kind == .unavailable else { throw failure }
            try attempts.wait(after: failure)
        }
    }

    /// Suspends this thread for that many seconds.
    func rest(_ seconds: Double) { retries.sleep(seconds) }
}
