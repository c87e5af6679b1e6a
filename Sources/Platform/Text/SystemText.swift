import FoundationEssentials

/// Files in which Linux describes the machine: /proc/cpuinfo, /etc/os-release.
package enum SystemText {
    /// Nil for a file that cannot be read.
    package static func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    /// The words behind the separator in the first line of that key, one space between them; nil without such a line.
    package static func value(_ key: String, in text: String, after separator: Character = ":") -> String? {
        text.split(separator: "\n").lazy.map { $0.split(separator: separator, maxSplits: 1).map(words) }
            .first { $0.first == key }?.dropFirst().first
    }

    /// The words alone, one space between them.
    package static func words(_ text: some StringProtocol) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
