/// Several files in one input, separated by lines of `----`.
enum Sections {
    private static let line = Array("\n----\n".utf8)

    static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var sections: [[UInt8]] = []
        var start = 0
        var index = 0
        while index + line.count <= bytes.count {
            if bytes[index] == line[0], bytes[index..<index + line.count].elementsEqual(line) {
                sections.append(Array(bytes[start..<index]))
                index += line.count
                start = index
            } else {
                index += 1
            }
        }
        return sections + [Array(bytes[start...])]
    }

    static func joined(_ sections: String...) -> [UInt8] { Array(sections.joined(separator: "\n----\n").utf8) }
}

extension [UInt8] {
    /// Replaces each `placeholder` by `word`: lengths and checksums that mutations would not find.
    func filling(_ placeholder: String, _ word: String) -> [UInt8] {
        let (placeholder, word) = (Array(placeholder.utf8), Array(word.utf8))
        var filled: [UInt8] = []
        var index = 0
        while index < count {
            if self[index] == placeholder[0], index + placeholder.count <= count,
                self[index..<index + placeholder.count].elementsEqual(placeholder)
            {
                filled += word
                index += placeholder.count
            } else {
                filled.append(self[index])
                index += 1
            }
        }
        return filled
    }
}
