import FoundationEssentials
import Glibc

/// The part of AWS Step Functions that starts an execution and watches it: AWS JSON 1.0 over POST.
public struct StepFunctionsClient: Sendable {
    /// Signs a request for the service `states`.
    public typealias Signer = @Sendable (HTTPRequest) throws(CloudError) -> HTTPRequest

    private let endpoint: String
    private let transport: any HTTPTransport
    private let sign: Signer
    /// Seconds before each further try.
    private let pauses: [Double]
    private let sleep: @Sendable (Double) -> Void

    /// - Parameters:
    ///   - endpoint: scheme and host, such as `StepFunctionsClient.endpoint(region:environment:)` gives.
    ///   - pauses: seconds to wait before each further try, half of it to all of it.
    public init(
        endpoint: String, transport: any HTTPTransport, pauses: [Double] = [0.2, 0.5, 1, 2, 5, 10],
        sleep: @escaping @Sendable (Double) -> Void = StepFunctionsClient.sleep, sign: @escaping Signer
    ) {
        self.endpoint = endpoint
        self.transport = transport
        self.pauses = pauses
        self.sleep = sleep
        self.sign = sign
    }

    /// `AWS_ENDPOINT_URL_SFN`, else `AWS_ENDPOINT_URL`, else the region's own.
    public static func endpoint(region: String, environment: [String: String]) -> String {
        for name in ["AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL"] {
            guard var url = environment[name], !url.isEmpty else { continue }
            while url.hasSuffix("/") { url.removeLast() }
            return url
        }
        return "https://states.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
    }

    /// Starts an execution. With the same name and input it may be asked for again, and is started once.
    /// - Parameters:
    ///   - name: up to 80 characters, new for this state machine.
    ///   - input: a JSON object.
    /// - Returns: its ARN.
    public func startExecution(stateMachine: String, name: String, input: String) throws(CloudError) -> String {
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

    public func describeExecution(_ arn: String) throws(CloudError) -> Execution {
        try call("DescribeExecution", ["executionArn": arn], of: arn)
    }

    /// The ARNs of all Map runs of an execution so far.
    public func listMapRuns(of execution: String) throws(CloudError) -> [String] {
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
                throw CloudError(.invalid, execution, "ListMapRuns: expected another page, found the same one again")
            }
            input["nextToken"] = token
        }
    }

    public func describeMapRun(_ arn: String) throws(CloudError) -> MapRun {
        try call("DescribeMapRun", ["mapRunArn": arn], of: arn)
    }

    /// One call, tried again while the service is busy or cannot be reached. All calls here may be repeated.
    private func call<Output: Decodable>(
        _ action: String, _ input: some Encodable, of subject: String
    ) throws(CloudError) -> Output {
        let body: Data
        do {
            body = try JSONEncoder().encode(input)
        } catch {
            throw CloudError(.invalid, subject, "\(action): the request cannot be written as JSON")
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
            throw CloudError(
                .invalid, subject,
                "\(action): expected the answer's fields, found \(response.body.count) bytes without them")
        }
    }

    private func send(
        _ request: HTTPRequest, _ action: String, of subject: String
    ) throws(CloudError) -> HTTPResponse {
        for pause in pauses {
            do throws(CloudError) {
                let signed = try sign(request)
                let response = try transport.send(signed)
                if (200..<300).contains(response.status) { return response }
                let refusal = ServiceRefusal(response, to: signed)
                guard refusal.isPassing else { throw refusal.error(action, of: subject) }
            } catch {
                guard error.kind == .unavailable else { throw error }
            }
            sleep(pause * Double.random(in: 0.5...1))
        }
        let signed = try sign(request)
        let response = try transport.send(signed)
        guard (200..<300).contains(response.status) else {
            throw ServiceRefusal(response, to: signed).error(action, of: subject)
        }
        return response
    }

    func rest(_ seconds: Double) { sleep(seconds) }

    /// Lets this thread rest for that many seconds.
    public static func sleep(_ seconds: Double) {
        usleep(UInt32(max(0, min(seconds, 60)) * 1e6))
    }
}
