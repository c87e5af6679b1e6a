import Platform

extension Caveats {
    /// Caveats of one kind that differ in numbers and names only.
    public struct Group: Sendable {
        public let kind: Kind
        public let count: Int
        /// The one with the largest numbers, the first of them first.
        public let largest: Caveat

        /// One line: the caveat, or the largest of several with their number.
        /// - Parameter place: of a caveat, as it is to be named.
        public func text(_ place: (String) -> String = { $0 }) -> String {
            let line = "\(place(largest.place)): \(largest.text)"
            return count == 1 ? line : "\(Decimals.grouped(count)) like this, the largest in \(line)"
        }
    }

    /// By kind; each statement once, with the number of places that it is true of.
    public var groups: [Group] {
        var forms: [String] = []
        var members: [String: [Caveat]] = [:]
        for caveat in all {
            let form = caveat.kind.rawValue + Self.form(caveat.text)
            if members[form] == nil { forms.append(form) }
            members[form, default: []].append(caveat)
        }
        return forms.compactMap { form in
            members[form].flatMap { caveats in
                caveats.max { Self.numbers(in: $0.text).lexicographicallyPrecedes(Self.numbers(in: $1.text)) }
                    .map { Group(kind: $0.kind, count: caveats.count, largest: $0) }
            }
        }
    }

    /// The numbers of a statement, in their order.
    private static func numbers(in text: String) -> [Double] {
        text.split { !$0.isNumber && $0 != "." && $0 != "," }.compactMap { word in
            Double(word.filter { $0 != "," }.drop { $0 == "." }.split(separator: ".").joined(separator: "."))
        }
    }

    /// The statement without its numbers and the names behind it.
    private static func form(_ text: String) -> String {
        String(text.prefix { $0 != ":" }.filter { !$0.isNumber && $0 != "." }).replacing(
            "partitions", with: "partition")
    }
}
