import Platform

/// The shared files of AWS's tools: sections in brackets, `key = value` lines in them, comments after `#` or `;`.
/// Lines that are indented more than the setting above them belong to it and are skipped, as no such setting is used here.
struct INIFile {
    /// Settings by section; names of settings are in lower case.
    private(set) var sections: [String: [String: String]] = [:]

    /// - Parameter name: for error messages, which contain line numbers but no lines, since a line may be a secret.
    init(_ text: String, name: String) throws(Failure) {
        var section: String?
        // Of the last setting of the section; nil before the first.
        var indentation: Int?
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            let content = line.trimmingSpaces
            guard let first = content.first, first != "#", first != ";" else { continue }
            if first == "[" {
                guard let end = content.firstIndex(of: "]") else {
                    throw Failure(name, "line \(index + 1): a section without a closing bracket")
                }
                let words = content[content.index(after: content.startIndex)..<end].split { $0 == " " || $0 == "\t" }
                let name = words.joined(separator: " ")
                (section, indentation) = (name, nil)
                sections[name, default: [:]] = sections[name] ?? [:]
            } else {
                let depth = line.prefix { $0 == " " || $0 == "\t" }.count
                if let indentation, depth > indentation { continue }
                indentation = depth
                guard let section, let mark = content.firstIndex(of: "=") else {
                    throw Failure(name, "line \(index + 1): expected \"[section]\" or \"key = value\"")
                }
                let key = content[..<mark].trimmingSpaces.lowercased()
                var value = content[content.index(after: mark)...].trimmingSpaces
                // A comment may follow a value, after a space.
                for start in [" #", " ;"] {
                    if let range = value.firstRange(of: start) { value = value[..<range.lowerBound].trimmingSpaces }
                }
                sections[section, default: [:]][key] = value
            }
        }
    }
}
