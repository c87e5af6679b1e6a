import ArgumentParser
import Cloud
import Platform

/// Refuses an empty name: it is the value of an unset variable in a script.
func requireName(_ value: String, of argument: String) throws {
    guard value.isEmpty else { return }
    throw ValidationError("\(argument): expected a name, found ''")
}

/// Refuses options that have no effect without another one.
/// - Parameters:
///   - other: the option that they need.
///   - options: whether each was given.
func require(_ other: String, isGiven: Bool, by options: KeyValuePairs<String, Bool>) throws {
    guard !isGiven, let option = options.first(where: \.value) else { return }
    throw ValidationError("\(option.key): expected \(other) with it")
}

/// Refuses a number outside `range`; nil is an option that was not given.
func requireNumber(_ value: Int?, of argument: String, in range: ClosedRange<Int> = 1...Int.max) throws {
    guard let value, !range.contains(value) else { return }
    let expected =
        range.upperBound == Int.max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    throw ValidationError("\(argument): expected \(expected), found \(value)")
}

/// As many threads as one run can have.
func requireThreads(_ threads: Int?) throws { try requireNumber(threads, of: "--threads", in: 1...4096) }

func requireRate(_ workerRate: Double?) throws {
    guard let rate = workerRate, !(rate > 0 && rate.isFinite) else { return }
    throw ValidationError("--worker-rate: expected a number above 0, found \(rate)")
}

/// The state machine that --state-machine names; nil where it was not given.
func requireStateMachine(_ text: String?) throws -> StateMachineARN? {
    guard let text else { return nil }
    guard let machine = StateMachineARN(text) else {
        throw ValidationError(
            "--state-machine: expected arn:aws:states:REGION:ACCOUNT:stateMachine:NAME, found '\(text)'")
    }
    return machine
}

/// Makes failures of what an option says errors of the command line.
/// - Parameter option: what their messages begin with.
func usage<Result>(_ option: String = "", _ body: () throws(Failure) -> Result) throws -> Result {
    do throws(Failure) { return try body() } catch { throw ValidationError(option + error.description) }
}
