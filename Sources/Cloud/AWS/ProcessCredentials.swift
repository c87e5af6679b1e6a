import Platform

/// Credentials that a program writes to its standard output (`credential_process`), in JSON of version 1.
struct ProcessCredentials {
    /// The program and its arguments.
    let line: String
    let environment: [String: String]
    /// Of the profile, for error messages.
    let name: String

    /// Seconds.
    private static let limit = 60.0
    /// Bytes of each output.
    private static let mostBytes = 64 << 10

    /// - Throws: `Failure` where the program cannot be started, does not end in time, fails, or writes anything else. The
    ///   error has its standard error, never its standard output.
    func credentials() throws(Failure) -> AWSCredentials {
        let subject = "\(name): credential_process"
        guard let words = Self.words(line), let program = words.first else {
            throw Failure(subject, "expected a program and its arguments, found none or an open quote")
        }
        let ended = try ChildCommand(words: words, environment: environment)
            .run(within: Self.limit, mostBytes: Self.mostBytes, of: subject)
        guard ended.status == 0 else {
            let errors = String(decoding: ended.errors, as: UTF8.self).trimmingSpaces
            let shown = errors.isEmpty ? "no standard error" : errors.oneLine
            throw Failure(.denied, subject, "\(program.oneLine.quoted) ended with \(ended.reason): \(shown)")
        }
        let document = try CredentialsDocument(ended.output, subject)
        guard document.Version == 1 else {
            throw Failure(subject, "Version: expected 1, found \(document.Version.map(String.init) ?? "none")")
        }
        return try document.credentials(subject)
    }

    /// The words of a command line, split at spaces. Quotes and backslashes have the meaning that they have in a shell;
    /// nothing else has: no variables, patterns or pipes. nil where a quote is not closed.
    static func words(_ line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var characters = Substring(line)
        while let next = characters.popFirst() {
            switch (next, quote) {
            case ("\\", nil), ("\\", "\""):
                guard let escaped = characters.first else { return nil }
                // Within quotes a backslash stands for itself, except before these.
                if quote == nil || escaped == "\"" || escaped == "\\" {
                    characters.removeFirst()
                    word = (word ?? "") + String(escaped)
                } else {
                    word = (word ?? "") + String(next)
                }
            case ("\"", nil), ("'", nil):
                quote = next
                word = word ?? ""
            case (_, nil) where next.isWhitespace:
                if let whole = word { words.append(whole) }
                word = nil
            case (_, let open?) where next == open: quote = nil
            default: word = (word ?? "") + String(next)
            }
        }
        guard quote == nil else { return nil }
        return words + (word.map { [$0] } ?? [])
    }
}
