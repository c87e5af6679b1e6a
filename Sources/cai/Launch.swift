import Cloud
import FanOut
import FoundationEssentials
import Glibc
import Inference
import Report
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
    func run(name: String, input: String) throws(FanOutError) -> Execution {
        SignalWatch.start(SIGINT) { [self] in
            if Console.isTerminal { Console.write("\r\u{1B}[K") }
            Console.report(interruption)
            _exit(130)
        }
        stage.withLock { $0 = .asked(name) }
        let arn = try started(name, input)
        stage.withLock { $0 = .started(arn) }
        if !isQuiet { Console.report("started \(arn)") }
        let line = MapLine(isShown: !isQuiet)
        defer { line.wipe() }
        do throws(CloudError) {
            return try client.wait(for: arn, progress: line.isShown ? { line.show($0) } : nil)
        } catch {
            throw FanOutError("\(error); the execution goes on")
        }
    }

    private func started(_ name: String, _ input: String) throws(FanOutError) -> String {
        do throws(CloudError) {
            return try client.startExecution(stateMachine: machine.description, name: name, input: input)
        } catch {
            throw FanOutError(error)
        }
    }

    private var interruption: String {
        switch stage.withLock({ $0 }) {
        case .before: "interrupted: nothing was started"
        case .asked(let name): "interrupted: \(machine) was asked to start execution \(name), which may go on"
        case .started(let arn): "interrupted: the execution goes on: \(arn)"
        }
    }
}

/// How far the Map is, on a terminal only: `312 of 517 ranks, 205 running, 3 failed, 4.2/s, 0:48 left`.
final class MapLine {
    let isShown: Bool
    private let clock = ContinuousClock()
    private var start: ContinuousClock.Instant?

    init(isShown: Bool) { self.isShown = isShown && Console.isTerminal }

    func show(_ counts: MapRun.ItemCounts) {
        guard isShown else { return }
        let begun = start ?? clock.now
        start = begun
        let seconds = (clock.now - begun) / .seconds(1)
        Console.write("\r" + Self.text(counts, seconds: seconds, columns: Console.columns) + "\u{1B}[K")
    }

    func wipe() {
        if isShown { Console.write("\r\u{1B}[K") }
    }

    /// As much of it as fits: a line that wraps cannot be written over.
    /// - Parameter seconds: since the Map was first seen.
    static func text(_ counts: MapRun.ItemCounts, seconds: Double, columns: Int) -> String {
        var parts = ["\(Numbers.grouped(counts.done)) of \(Numbers.grouped(counts.total)) ranks"]
        if counts.running > 0 { parts.append("\(Numbers.grouped(counts.running)) running") }
        if counts.pending > 0 { parts.append("\(Numbers.grouped(counts.pending)) pending") }
        if counts.lost > 0 { parts.append("\(Numbers.grouped(counts.lost)) failed") }
        if counts.done > 0, seconds > 0 {
            let rate = Double(counts.done) / seconds
            parts.append("\(Decimals.fixed(rate, 1))/s")
            parts.append(Numbers.clock(Double(counts.total - counts.done) / rate) + " left")
        }
        let forms = (1...parts.count).reversed().map { parts.prefix($0).joined(separator: ", ") }
        // The last column stays free: some terminals wrap as soon as it is written.
        return forms.first { $0.count < columns } ?? ""
    }
}
