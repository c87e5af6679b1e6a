import FoundationEssentials
import Glibc
import Inference
import Platform
import Synchronization

/// Messages for people or log collectors, on the standard error: the standard output has results only.
enum Console {
    private static let settings = Mutex(LogSettings())

    /// Has to be called before the first message.
    static func use(_ settings: LogSettings) { Self.settings.withLock { $0 = settings } }

    /// Whether the standard error is a terminal, and all messages are shown as text.
    static var isTerminal: Bool {
        let settings = Self.settings.withLock { $0 }
        return isatty(STDERR_FILENO) == 1 && settings.format == .text
            && (settings.level == .info || settings.level == .debug)
    }

    /// The columns of the terminal; 80 where they are unknown.
    static var columns: Int {
        var size = winsize()
        let isKnown = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }

    /// Writes one line after the program's name. Its level is its first word (`error:`, `warning:`, `notice:`), else `info`.
    static func report(_ message: String) {
        let level = LogLevel.allCases.first { message.hasPrefix($0.rawValue + ": ") }
        log(level ?? .info, message, text: "cai: \(message.printable)\n")
    }

    static func warn(_ message: String) { report("warning: \(message)") }

    /// Details that help to find out why a result is not as expected: with `-v` only.
    static func debug(_ message: @autoclosure () -> String) {
        guard settings.withLock({ $0.level }) == .debug else { return }
        report("debug: \(message())")
    }

    /// Writes text unchanged: summaries, and control sequences of status lines.
    static func write(_ text: String) {
        guard settings.withLock({ $0.format }) == .json else { return log(.info, text, text: text) }
        for line in text.split(separator: "\n") { log(.info, String(line), text: "") }
    }

    /// One line of the JSON form.
    private struct Record: Encodable {
        let level: String
        let message: String
        let subcommand: String
        let time: String
    }

    /// An error is ignored: there is no other place to report it.
    private static func log(_ level: LogLevel, _ message: String, text: String) {
        let settings = Self.settings.withLock { $0 }
        guard level <= settings.level else { return }
        var line = text
        if settings.format == .json {
            let prefix = level.rawValue + ": "
            let record = Record(
                level: level.rawValue,
                message: message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message,
                subcommand: settings.subcommand,
                time: Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            guard let json = try? JSONFile.encoded(record) else { return }
            line = String(decoding: json, as: UTF8.self) + "\n"
        }
        let bytes = Array(line.utf8)
        try? FileCalls.write(bytes.span.rawSpan, to: STDERR_FILENO) { Failure("", "", $0) }
    }
}

/// The standard output: predictions, summaries, listings.
struct StandardOutput: ByteSink {
    /// - Throws: `Failure` of kind `.closedPipe` when the reader has closed it.
    func write(_ bytes: [UInt8]) throws(Failure) {
        try FileCalls.write(bytes.span.rawSpan, to: STDOUT_FILENO) { error in
            let kind = error.number == EPIPE ? .closedPipe : error.kind
            return Failure(kind, "standard output", "cannot be written: \(error.text)")
        }
    }

    static func write(_ text: String) throws(Failure) { try StandardOutput().write(Array(text.utf8)) }

    /// One JSON object, keys in alphabetical order.
    static func write(json value: some Encodable) throws(Failure) {
        try StandardOutput().write(try JSONFile.encoded(value, pretty: true) + [UInt8(ascii: "\n")])
    }

    /// A result as JSON, or as text.
    static func write(
        _ json: @autoclosure () -> some Encodable, asJSON: Bool, text: @autoclosure () -> String
    ) throws(Failure) {
        if asJSON { try write(json: json()) } else { try write(text()) }
    }
}
