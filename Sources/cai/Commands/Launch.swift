import Cloud
import FoundationEssentials
import Glibc
import Platform
import Synchronization

/// One execution of the state machine, from its start to its end.
final class Launch: Sendable {
    private enum Stage {
        case before
        /// Asked for under this name: whether it has started is not known yet.
        case asked(String)
        case started(String)
    }

    private let machine: StateMachineARN
    private let client: StepFunctionsClient
    private let isQuiet: Bool
    private let stage = Mutex(Stage.before)

    init(machine: StateMachineARN, client: StepFunctionsClient, isQuiet: Bool) {
        self.machine = machine
        self.client = client
        self.isQuiet = isQuiet
    }

    /// The execution's ARN, once it has started.
    var arn: String? {
        stage.withLock { stage in
            if case .started(let arn) = stage { arn } else { nil }
        }
    }

    /// Starts it and waits for its end. Interrupted, this process ends and the execution does not.
    func run(name: String, input: String) throws(Failure) -> Execution {
        Interruption.tell { [self] in interruption }
        stage.withLock { $0 = .asked(name) }
        let arn = try started(name, input)
        stage.withLock { $0 = .started(arn) }
        if !isQuiet { Console.report("started \(arn)") }
        let line = MapLine(isShown: !isQuiet)
        defer { line.wipe() }
        do throws(Failure) {
            return try client.wait(for: arn, progress: line.isShown ? { line.show($0) } : nil)
        } catch {
            throw Failure("\(error); the execution goes on")
        }
    }

    private func started(_ name: String, _ input: String) throws(Failure) -> String {
        return try client.startExecution(stateMachine: machine.description, name: name, input: input)
    }

    private var interruption: String {
        switch stage.withLock({ $0 }) {
        case .before: "nothing was started"
        case .asked(let name): "\(machine) was asked to start execution \(name), which may go on"
        case .started(let arn): "the execution goes on: \(arn)"
        }
    }
}
