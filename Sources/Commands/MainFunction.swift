import ArgumentParser
import AstroMAE
import Cloud
import FoundationEssentials
import Glibc
import Platform

/// The command line, and the Lambda functions.
public enum MainFunction {
    /// Runs the command that the process's arguments name, or the Lambda function that its environment names, and ends the
    /// process: 0, everything asked for is done; 1, failure; 2, usage; 3, the state of a remote run is unknown.
    public static func run() -> Never {
        // A closed pipe (`| head`) is then an error of `write`, not a signal that ends the process.
        signal(SIGPIPE, SIG_IGN)
        // So is a file above the size limit (`ulimit -f`).
        signal(SIGXFSZ, SIG_IGN)
        let environment = ProcessInfo.processInfo.environment
        let taken = LogSettings.take(Array(ProcessArguments.all.dropFirst()), environment: environment)
        var log = taken.settings
        log.subcommand = taken.rest.first.flatMap { isKnown($0) ? $0 : nil } ?? ""
        Console.use(log)
        if let function = LambdaFunction(arguments: ProcessArguments.all, environment: environment) {
            end(function.run { try StoreLocator.store(nil) })
        }
        Interruption.watch()
        do {
            if let failure = taken.failure { throw failure }
            try CommandNames.check(taken.rest)
            if let help = try shortHelp(taken.rest) {
                try StandardOutput.write(help)
                end(0)
            }
            var command = try Cai.parseAsRoot(taken.rest)
            Console.debug("\(Cai.configuration.version); command: \(ProcessArguments.quoted)")
            // Help is printed in any environment.
            if type(of: command)._commandName != "help" { try checkInstructionSet(environment["CAI_ISA"]) }
            try command.run()
            end(0)
        } catch {
            Interruption.hold()
            end(with: error, of: log.subcommand)
        }
    }

    /// What `-h` prints, and the program without arguments; nil for other arguments.
    private static func shortHelp(_ arguments: [String]) throws -> String? {
        guard arguments.isEmpty || arguments.prefix(while: { $0 != "--" }).contains("-h") else { return nil }
        guard let name = arguments.first(where: { CommandNames.all.contains($0) }) else {
            return ShortHelp.text(of: Cai.self)
        }
        let command = try CommandDescription(of: Cai.self).subcommands?.first { $0.commandName == name }
        return command.map(ShortHelp.text)
    }

    /// Refuses a `CAI_ISA` that is not an instruction set, and warns of one that is not used as it cannot run here.
    private static func checkInstructionSet(_ name: String?) throws {
        guard let name, !name.isEmpty else { return }
        let used = try usage { () throws(Failure) in try InstructionSet.widest(cappedBy: name) }
        if used.rawValue != name {
            Console.warn("CAI_ISA: \(name) is not available on this processor: \(used.rawValue) is used")
        }
    }

    /// Ends the process without cleanup. `exit` would run the exit handlers of libraries while threads that fetch objects still
    /// use them, and these threads would crash in what OpenSSL has freed.
    private static func end(_ status: Int32) -> Never { _exit(status) }

    /// Whether there is a command, or a function, of that name.
    private static func isKnown(_ name: String) -> Bool {
        CommandNames.all.contains(name) || LambdaFunction.handlers.contains(name)
    }

    /// Prints help and version as ArgumentParser has them, and every other error as one line. A closed output pipe is silent.
    private static func end(with error: any Error, of subcommand: String) -> Never {
        if let failure = error as? Failure, failure.kind == .closedPipe { end(1) }
        let code = Cai.exitCode(for: error)
        if code == .success {
            do {
                try StandardOutput().write(Array((Cai.fullMessage(for: error) + "\n").utf8))
                end(0)
            } catch {
                end(with: error, of: subcommand)
            }
        }
        let isUsage = code == .validationFailure
        var message = Cai.message(for: error)
        if isUsage {
            // ArgumentParser lists suggestions on separate lines.
            message = message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            message += " (see 'cai\(subcommand.isEmpty ? "" : " " + subcommand) --help')"
        }
        Console.report("error: " + message)
        end(isUsage ? 2 : (error as? Failure)?.kind == .unknown ? 3 : 1)
    }
}
