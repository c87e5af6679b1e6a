/// Several files in one input, between lines of `----`.
enum Sections {
    private static let line = Array("\n----\n".utf8)

    static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var sections: [[UInt8]] = []
        var start = 0
        var place = 0
        while place + line.count <= bytes.count {
            if bytes[place] == line[0], bytes[place..<place + line.count].elementsEqual(line) {
                sections.append(Array(bytes[start..<place]))
                place += line.count
                start = place
            } else {
                place += 1
            }
        }
        return sections + [Array(bytes[start...])]
    }

    static func joined(_ sections: String...) -> [UInt8] { Array(sections.joined(separator: "\n----\n").utf8) }
}

extension [UInt8] {
    /// With `word` wherever `place` stood: lengths and checksums that no mutation would find.
    func filling(_ place: String, _ word: String) -> [UInt8] {
        let (place, word) = (Array(place.utf8), Array(word.utf8))
        var filled: [UInt8] = []
        var index = 0
        while index < count {
            if self[index] == place[0], index + place.count <= count,
                self[index..<index + place.count].elementsEqual(place)
            {
                filled += word
                index += place.count
            } else {
                filled.append(self[index])
                index += 1
            }
        }
        return filled
    }
}
