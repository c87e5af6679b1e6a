import ArgumentParser
import FanOut
import FoundationEssentials
import Glibc
import Inference

@main
enum Main {
    static func main() {
        // A reader that goes away (`| head`) is then an error of `write`, not a signal that kills the process.
        signal(SIGPIPE, SIG_IGN)
        let environment = ProcessInfo.processInfo.environment
        if let function = LambdaFunction(arguments: CommandLine.arguments, environment: environment) {
            exit(function.run { try StoreLocator.store(nil) })
        }
        do {
            var command = try Cai.parseAsRoot()
            try command.run()
        } catch InferenceError.closedPipe {
            exit(1)
        } catch {
            end(with: error)
        }
    }

    /// Help and version are printed as ArgumentParser has them; every error is one line.
    private static func end(with error: any Error) -> Never {
        let code = Cai.exitCode(for: error)
        if code == .success {
            print(Cai.fullMessage(for: error))
            exit(0)
        }
        let isUsage = code == .validationFailure
        var message = Cai.message(for: error)
        if isUsage {
            // ArgumentParser lists what an argument could have meant on lines of its own.
            message = message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            message += " (see 'cai\(subcommand) --help')"
        }
        Console.report("error: " + message)
        exit(isUsage ? 2 : 1)
    }

    /// The subcommand that was asked for, with a space before it; empty where there is none of that name.
    private static var subcommand: String {
        guard let first = CommandLine.arguments.dropFirst().first,
            Cai.configuration.subcommands.contains(where: { $0._commandName == first })
        else { return "" }
        return " " + first
    }
}
