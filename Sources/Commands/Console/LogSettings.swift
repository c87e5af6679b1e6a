import ArgumentParser

/// Levels of messages, from the most to the least important.
enum LogLevel: String, CaseIterable, ExpressibleByArgument, Comparable, Sendable {
    case error, warning, notice, info, debug

    static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

enum LogFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// Lines for people.
    case text
    /// One object a line.
    case json
}

/// Which messages are written to the standard error, and in which form.
struct LogSettings: Sendable, Equatable {
    var level = LogLevel.info
    var format = LogFormat.text
    /// The subcommand, such as `infer`; empty where it is unknown.
    var subcommand = ""

    /// Takes the log options, which every command has at any position, out of the arguments. Without them `CAI_LOG_LEVEL` and
    /// `CAI_LOG_FORMAT` apply, then the log format of a Lambda function.
    /// - Returns: the settings; the other arguments; the first invalid value, in spite of which the settings have all valid
    ///   ones, so that the error itself is written in their form.
    static func take(
        _ arguments: [String], environment: [String: String]
    ) -> (settings: LogSettings, rest: [String], failure: ValidationError?) {
        var settings = LogSettings()
        var failure: ValidationError?
        func set<Value: RawRepresentable & CaseIterable>(
            _ name: String, _ text: String?, _ setting: WritableKeyPath<LogSettings, Value>
        ) where Value.RawValue == String {
            if let value = text.flatMap({ Value(rawValue: $0.lowercased()) }) {
                settings[keyPath: setting] = value
            } else if failure == nil {
                let expected = Value.allCases.map(\.rawValue).joined(separator: ", ")
                failure = ValidationError(
                    "\(name): expected one of \(expected), found " + (text.map { "'\($0)'" } ?? "nothing"))
            }
        }
        if let format = environment["AWS_LAMBDA_LOG_FORMAT"], LogFormat(rawValue: format.lowercased()) != nil {
            set("AWS_LAMBDA_LOG_FORMAT", format, \.format)
        }
        for (name, value) in environment where !value.isEmpty {
            if name == "CAI_LOG_FORMAT" { set(name, value, \.format) }
            if name == "CAI_LOG_LEVEL" { set(name, value, \.level) }
        }
        var rest: [String] = []
        var isVerbose = false
        var namedLevel: String?
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" {
                rest += [argument] + arguments[index...]
                break
            }
            if let others = Self.flags(besideVerbose: argument) {
                isVerbose = true
                rest += others
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts[0] == "--log-level" || parts[0] == "--log-format" else {
                rest.append(argument)
                continue
            }
            var value = parts.count > 1 ? parts[1] : nil
            if value == nil, index < arguments.count {
                value = arguments[index]
                index += 1
            }
            if parts[0] == "--log-level" {
                set(parts[0], value, \.level)
                namedLevel = value
            } else {
                set(parts[0], value, \.format)
            }
        }
        if isVerbose {
            if failure == nil, let namedLevel, namedLevel.lowercased() != LogLevel.debug.rawValue {
                failure = ValidationError("--verbose: expected no --log-level with it, or debug, found '\(namedLevel)'")
            }
            settings.level = .debug
        }
        return (settings, rest, failure)
    }

    /// The other short flags of an argument that has `-v`: none of `--verbose` and `-v`, `-q` of `-vq`; nil for others.
    private static func flags(besideVerbose argument: String) -> [String]? {
        if argument == "--verbose" { return [] }
        let letters = argument.dropFirst()
        guard argument.hasPrefix("-"), letters.contains("v"), letters.allSatisfy({ "vqh".contains($0) }) else {
            return nil
        }
        let others = letters.filter { $0 != "v" }
        return others.isEmpty ? [] : ["-" + others]
    }
}

/// The same options for help, completions and the manual. `LogSettings.take` has removed them before arguments are parsed.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Level of messages on standard error, for every command. Default: $CAI_LOG_LEVEL, else info.",
            valueName: "level"))
    var logLevel: LogLevel?

    @Flag(name: [.customShort("v"), .long], help: "The log level debug, for every command.")
    var verbose = false

    @Option(
        help: ArgumentHelp(
            "Form of messages, for every command: text, or a JSON object per line with level, message, subcommand and time. Default: $CAI_LOG_FORMAT, else text.",
            valueName: "format"))
    var logFormat: LogFormat?
}
