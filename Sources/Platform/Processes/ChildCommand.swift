import FoundationEssentials
import Glibc

/// Another program that runs to its end, without a shell. It reads nothing, and its outputs are collected.
package struct ChildCommand: Sendable {
    package struct Ended: Sendable {
        /// The exit status; negative: the signal that ended it.
        package let status: Int32
        package let output: [UInt8]
        package let errors: [UInt8]

        /// `exit status 1` or `signal 9`.
        package var reason: String { status < 0 ? "signal \(-status)" : "exit status \(status)" }
    }

    private let words: [String]
    private let environment: [String: String]

    /// - Parameters:
    ///   - words: the program, which is searched in `PATH` unless it has a slash, and its arguments.
    ///   - environment: the complete environment.
    package init(words: [String], environment: [String: String]) {
        (self.words, self.environment) = (words, environment)
    }

    /// Waits until the program has ended; programs that it started and left behind are not waited for.
    /// - Parameters:
    ///   - seconds: after which it and the programs that it started are killed.
    ///   - mostBytes: of each output; more are an error.
    ///   - subject: for error messages.
    /// - Throws: `Failure` where it cannot be started, does not end in time or writes more.
    package func run(within seconds: Double, mostBytes: Int, of subject: String) throws(Failure) -> Ended {
        guard let program = words.first else { throw Failure(subject, "expected a program, found none") }
        let (output, errors) = (try Pipe(subject), try Pipe(subject))
        let pid = try start(program, output, errors, subject)
        output.closeWriter()
        errors.closeWriter()
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        while true {
            // The state comes first: what the program wrote before its end is then read.
            let status = Self.status(of: pid)
            let isWithin = output.read(mostBytes) && errors.read(mostBytes)
            if let status, isWithin {
                return Ended(status: status, output: output.bytes, errors: errors.bytes)
            }
            guard isWithin, clock.now < end else {
                kill(-pid, SIGKILL)
                if status == nil { Self.wait(for: pid) }
                throw Failure(
                    .unavailable, subject,
                    isWithin
                        ? "\(program.oneLine.quoted) has not ended after \(Int(seconds)) s"
                        : "\(program.oneLine.quoted) writes more than \(mostBytes) bytes")
            }
            Pipe.wait(output, errors)
        }
    }

    private func start(_ program: String, _ output: Pipe, _ errors: Pipe, _ subject: String) throws(Failure) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.writer, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors.writer, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // Its own process group, which is killed as a whole, and the signals as a shell would leave them.
        var signals = sigset_t()
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)

        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        var values = unsafe variables.map { unsafe strdup($0) } + [nil]
        defer { unsafe (arguments + values).forEach { unsafe free($0) } }
        var pid = pid_t()
        let number = unsafe posix_spawnp(&pid, program, &actions, &attributes, &arguments, &values)
        guard number == 0 else {
            let error = SystemError(number)
            throw Failure(subject, "\(program.oneLine.quoted) cannot be started: \(error.text)")
        }
        return pid
    }

    /// nil while the program runs.
    private static func status(of pid: pid_t) -> Int32? {
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }

    private static func wait(for pid: pid_t) {
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }
}

/// One output of a program, and what was read from it.
private final class Pipe {
    private let reader: Int32
    private(set) var writer: Int32
    private(set) var bytes: [UInt8] = []

    init(_ subject: String) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Failure(subject, "no pipe can be opened", SystemError()) }
        (reader, writer) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(reader, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(reader)
        closeWriter()
    }

    func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    /// Reads what is there.
    /// - Returns: false where there are more than `most` bytes.
    func read(_ most: Int) -> Bool {
        var piece = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= most {
            let count = unsafe piece.withUnsafeMutableBytes { unsafe Glibc.read(reader, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return true }
            bytes += piece.prefix(count)
        }
        return false
    }

    /// Until one of them has bytes, at most 50 ms.
    static func wait(_ one: Pipe, _ other: Pipe) {
        var ends = [one, other].map { pollfd(fd: $0.reader, events: Int16(POLLIN), revents: 0) }
        // A closed pipe is ready at once: the program's end is then waited for.
        if unsafe poll(&ends, 2, 50) > 0, ends.allSatisfy({ $0.revents & Int16(POLLIN) == 0 }) { usleep(10_000) }
    }
}
