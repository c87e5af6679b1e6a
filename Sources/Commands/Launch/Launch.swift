import Cloud
import Platform
import Synchronization

/// One execution of the state machine: it is started, followed to its end, or stopped.
final class Launch: Sendable {
    private enum Stage {
        case before
        /// Asked for; whether it has started is not known yet.
        case asked(ExecutionARN)
        case started(ExecutionARN)
        /// Asked to stop.
        case stopping(ExecutionARN)
        case ended(ExecutionARN)
    }

    private let client: StepFunctionsClient
    private let isQuiet: Bool
    private let stage = Mutex(Stage.before)

    init(client: StepFunctionsClient, isQuiet: Bool) {
        (self.client, self.isQuiet) = (client, isQuiet)
        Interruption.reportStatus { [self] in interruption }
    }

    /// Starts an execution. One that exists under this name with the same input is taken for it: its start may have been
    /// asked for before, and the answer been lost.
    /// - Parameter arn: that it will have.
    /// - Returns: the ARN that it has.
    /// - Throws: `Failure`; of kind `.unknown` where it may have started.
    func start(_ arn: ExecutionARN, of machine: StateMachineARN, input: String) throws(Failure) -> ExecutionARN {
        stage.withLock { $0 = .asked(arn) }
        do throws(Failure) {
            let text = try client.startExecution(stateMachine: machine.description, name: arn.name, input: input)
            let started = ExecutionARN(text) ?? arn
            stage.withLock { $0 = .started(started) }
            if !isQuiet { Console.report("started \(started)") }
            return started
        } catch {
            switch error.kind {
            case .unknown:
                let message = "\(error.message): \(arn.name) may have started; \(Self.advice(arn))"
                throw Failure(.unknown, error.subject, message)
            case .conflict:
                guard try state(of: arn).input == input else { throw error }
                if !isQuiet { Console.report("notice: \(arn) exists with this input, and is followed") }
                return arn
            default: throw error
            }
        }
    }

    /// Waits for the end of an execution. Interrupted, this process ends and the execution does not.
    /// - Throws: `Failure`; of kind `.unknown` where it may continue.
    func follow(_ arn: ExecutionARN) throws(Failure) -> Execution {
        stage.withLock { $0 = .started(arn) }
        let line = MapLine(isShown: !isQuiet)
        defer { line.wipe() }
        do throws(Failure) {
            let ended = try client.wait(
                for: arn.description, progress: line.isShown ? { line.show($0) } : nil, sight: { report($0, line) })
            stage.withLock { $0 = .ended(arn) }
            return ended
        } catch {
            throw Self.lost(arn, error)
        }
    }

    /// The present state of an execution.
    /// - Throws: as `follow` does.
    func state(of arn: ExecutionARN) throws(Failure) -> Execution {
        stage.withLock { $0 = .started(arn) }
        let present = try describe(arn)
        if !present.isRunning { stage.withLock { $0 = .ended(arn) } }
        return present
    }

    private func describe(_ arn: ExecutionARN) throws(Failure) -> Execution {
        do throws(Failure) { return try client.describeExecution(arn.description) } catch {
            throw Self.lost(arn, error)
        }
    }

    /// Stops an execution that runs.
    /// - Returns: whether it was stopped; otherwise it had ended already.
    /// - Throws: `Failure`; of kind `.unknown` where it may continue.
    func stop(_ arn: ExecutionARN) throws(Failure) -> (isStopped: Bool, status: String) {
        let before = try state(of: arn)
        guard before.isRunning else { return (false, before.status) }
        stage.withLock { $0 = .stopping(arn) }
        do throws(Failure) {
            try client.stopExecution(arn.description, error: "Cai.Stopped", cause: "stopped by cai launch --stop")
        } catch {
            guard error.kind == .unknown else {
                throw Failure(error.kind, error.subject, "\(error.message): the execution is not stopped")
            }
            throw Self.lost(arn, error)
        }
        // It may have ended before the request came. The request is accepted, though the state may follow later.
        let after = try describe(arn)
        return (after.isRunning || after.status == "ABORTED", after.status)
    }

    private func report(_ sight: Sight, _ line: MapLine) {
        line.wipe()
        switch sight {
        case .lost(let reason):
            let minutes = Int(StepFunctionsClient.patience / 60)
            Console.warn(
                "no answer from Step Functions (\(reason)): the execution continues; asking again for "
                    + "\(minutes) minutes")
        case .regained: if !isQuiet { Console.report("Step Functions answers again") }
        }
    }

    /// The state of the execution cannot be found out, except where the service knows none.
    private static func lost(_ arn: ExecutionARN, _ error: Failure) -> Failure {
        guard error.kind != .notFound else { return error }
        return Failure(.unknown, error.subject, "\(error.message): the execution may continue; \(advice(arn))")
    }

    private static func advice(_ arn: ExecutionARN) -> String { "follow it with: cai launch --follow \(arn)" }

    private var interruption: String {
        switch stage.withLock({ $0 }) {
        case .before: "nothing was started"
        case .asked(let arn): "the start of an execution was requested, which may continue; \(Self.advice(arn))"
        case .stopping(let arn): "a stop was requested, and the execution may continue; \(Self.advice(arn))"
        case .ended(let arn): "the execution has ended; its summary: cai launch --follow \(arn)"
        case .started(let arn): "the execution continues; \(Self.advice(arn))"
        }
    }
}
