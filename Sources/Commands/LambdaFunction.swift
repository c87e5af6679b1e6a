import Cloud
import Runs
import FoundationEssentials
import Glibc
import Platform

/// The program as Lambda starts it: no command, but a loop over events.
struct LambdaFunction {
    static let handlers = FanOutHandler.allCases.map(\.rawValue)

    private let handler: String
    private let api: String
    private let environment: [String: String]

    /// - Returns: nil where this is a process like any other: with no runtime API to talk to, and not named `bootstrap` or
    ///   given another command, as AWS Batch and Kubernetes give to the same image.
    init?(arguments: [String], environment: [String: String]) {
        let name = arguments.first?.split(separator: "/").last
        api = environment["AWS_LAMBDA_RUNTIME_API"] ?? ""
        let command = arguments.dropFirst().first.map { !Self.handlers.contains($0) && $0 != "" } ?? false
        guard !api.isEmpty || name == "bootstrap" && !command else { return nil }
        // An image's command comes as an argument.
        let names = [environment["_HANDLER"] ?? "", arguments.dropFirst().first ?? ""].filter { !$0.isEmpty }
        handler = names.first(where: Self.handlers.contains) ?? names.first ?? ""
        self.environment = environment
    }

    /// Handles events until SIGTERM or until the service has gone.
    /// - Returns: the exit status.
    func run(store: () throws -> any ObjectStore) -> Int32 {
        guard !api.isEmpty else {
            Console.report(
                "error: AWS_LAMBDA_RUNTIME_API: expected the host and port of Lambda's runtime, found nothing")
            return 1
        }
        let runtime = LambdaRuntime(api: api, transport: CurlTransport(environment: environment))
        SignalWatch.start([SIGTERM]) { _ in
            // Between invocations no caller waits.
            if runtime.stop() { _exit(0) }
        }
        do {
            let (handler, handlers) = try handlers(runtime, store)
            try runtime.run(log: log) { event, context throws(LambdaFailure) in
                do throws(Failure) {
                    return try handlers.handle(
                        handler, event: event, deadline: context.deadline.map { $0 - Self.margin },
                        requestID: context.requestID)
                } catch {
                    throw LambdaFailure(type: FanOutHandlers.errorType(error.kind), message: error.description)
                }
            }
            return 0
        } catch {
            Console.report("error: \(error)")
            return 1
        }
    }

    /// The handler and what it runs. Reports to the service first where there is none.
    private func handlers(
        _ runtime: LambdaRuntime, _ store: () throws -> any ObjectStore
    ) throws -> (FanOutHandler, FanOutHandlers) {
        do {
            guard let handler = FanOutHandler(rawValue: handler) else {
                throw Failure("_HANDLER: expected \(Self.handlers.joined(separator: ", ")), found '\(handler)'")
            }
            let handlers = FanOutHandlers(store: try store(), environment: environment)
            handlers.prepare(handler)
            return (handler, handlers)
        } catch {
            do {
                try runtime.report(initFailure: LambdaFailure(type: "Cai.Init", message: "\(error)"))
            } catch let reportError {
                throw Failure("\(error); and the error could not be reported: \(reportError)")
            }
            throw error
        }
    }

    /// Seconds before Lambda's deadline in which an answer is given back.
    static let margin = 0.1

    private func log(_ outcome: LambdaOutcome) {
        let start = "\(handler) \(outcome.context.requestID): "
        let time = Decimals.fixed(outcome.seconds, 3) + " s, \(Numbers.bytes(outcome.eventBytes)) in"
        switch outcome.result {
        case .success(let bytes): Console.report(start + "done, \(time), \(Numbers.bytes(bytes)) out")
        case .failure(let failure): Console.report(start + "failed, \(time): \(failure)")
        }
    }
}
