import FoundationEssentials
import Platform

/// Client of AWS Step Functions for starting and watching executions: AWS JSON 1.0 over POST.
public struct StepFunctionsClient: Sendable {
    private let configuration: AWSConfiguration
    private let endpoint: String
    private let transport: any HTTPTransport
    private let retries: RetryPolicy
    private let contact = ServiceContact()

    /// - Throws: `Failure` of kind `.input` for an endpoint that is not a URL.
    public init(
        _ configuration: AWSConfiguration, transport: any HTTPTransport, retries: RetryPolicy = RetryPolicy()
    ) throws(Failure) {
        self.configuration = configuration
        self.transport = transport
        self.retries = retries
        endpoint = try configuration.url(of: .stateMachines)
    }

    /// Starts an execution. Repeated calls with the same name and input start it only once.
    /// - Parameters:
    ///   - name: up to 80 characters, unique for this state machine.
    ///   - input: a JSON object.
    /// - Returns: the ARN of the execution.
    public func startExecution(stateMachine: String, name: String, input: String) throws(Failure) -> String {
        struct Output: Decodable {
            let executionArn: String
        }
        let input = ["stateMachineArn": stateMachine, "name": name, "input": input]
        return try (call("StartExecution", input, of: stateMachine) as Output).executionArn
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
        guard run.itemCounts.areCounts else { throw Failure(arn, "DescribeMapRun: invalid counts of items") }
        return run
    }

    /// One call, retried while the service is busy or unreachable. All calls here are idempotent.
    private func call<Output: Decodable>(
        _ action: String, _ input: [String: String], of subject: String
    ) throws(Failure) -> Output {
        let request = HTTPRequest(
            "POST", endpoint + "/",
            headers: [
                ("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "AWSStepFunctions.\(action)"),
            ], body: try JSONFile.encoded(input), timeout: 60)
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
            let answer = try configuration.credentials.send { credentials throws(Failure) in
                try attempt(request, credentials, action, of: subject)
            } hasExpired: { answer in
                if case .failure(let refused) = answer { refused.isExpiry } else { false }
            }
            switch answer {
            case .success(let response): return response
            case .failure(let refused):
                guard refused.error.kind == .unavailable else { throw refused.error }
                try attempts.wait(after: refused.error, isAnswered: contact.isAnswered)
            }
        }
    }

    private struct Refused: Error {
        let error: Failure
        /// Whether the service refused the credentials as expired.
        var isExpiry = false
    }

    /// Signs and sends once.
    private func attempt(
        _ request: HTTPRequest, _ credentials: AWSCredentials, _ action: String, of subject: String
    ) throws(Failure) -> Result<HTTPResponse, Refused> {
        let signed = try SigV4.sign(
            request, service: "states", region: configuration.region, credentials: credentials, date: retries.now())
        do throws(Failure) {
            let response = try transport.send(signed)
            contact.noteAnswer()
            guard !(200..<300).contains(response.status) else { return .success(response) }
            let refusal = ServiceRefusal(response, hiding: credentials)
            return .failure(Refused(error: refusal.error(action, of: subject), isExpiry: refusal.isExpiry))
        } catch {
            return .failure(Refused(error: error))
        }
    }

    /// Suspends this thread for that many seconds.
    func rest(_ seconds: Double) { retries.sleep(seconds) }

    /// Polls the state of an execution until it has ended.
    /// - Parameters:
    ///   - interval: seconds between requests; one request a second is free and far below the limits of the service.
    ///   - progress: called with the items of all Map runs, once there are any. Omitted where the counts are unavailable, for
    ///     lack of permissions or because the service is busy.
    /// - Throws: where the state cannot be read any more; the execution continues.
    public func wait(
        for execution: String, interval: Double = 1, progress: ((MapRun.ItemCounts) -> Void)? = nil
    ) throws(Failure) -> Execution {
        var runs = MapRuns(execution: execution)
        while true {
            let present = try describeExecution(execution)
            if let progress, let counts = try? runs.itemCounts(self) { progress(counts) }
            guard present.isRunning else { return present }
            rest(interval)
        }
    }
}

/// The known Map runs of an execution. AWS allows to list them about once a second, so that they are not listed again while
/// one of them is running.
private struct MapRuns {
    let execution: String
    private var arns: [String] = []
    private var isRunning = false

    init(execution: String) { self.execution = execution }

    /// The sum of their item counts; nil before the first has begun.
    mutating func itemCounts(_ client: StepFunctionsClient) throws(Failure) -> MapRun.ItemCounts? {
        if !isRunning { arns = try client.listMapRuns(of: execution) }
        guard !arns.isEmpty else { return nil }
        isRunning = false
        var sum = MapRun.ItemCounts()
        for arn in arns {
            let run = try client.describeMapRun(arn)
            sum += run.itemCounts
            isRunning = isRunning || run.status == "RUNNING"
        }
        return sum
    }
}
