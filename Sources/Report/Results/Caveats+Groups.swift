import Platform

extension Caveats {
    /// Caveats of one kind that differ in numbers and names only.
    public struct Group: Sendable {
        public let kind: Kind
        public let count: Int
        public let first: Caveat

        /// One line: the caveat, or the first of several with their number.
        /// - Parameter place: of a caveat, as it is to be named.
        public func text(_ place: (String) -> String = { $0 }) -> String {
            let line = "\(place(first.place)): \(first.text)"
            return count == 1 ? line : "\(Decimals.grouped(count)) like this, the first in \(line)"
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
                caveats.first.map { Group(kind: $0.kind, count: caveats.count, first: $0) }
            }
        }
    }

    /// The statement without its numbers and the names behind it.
    private static func form(_ text: String) -> String {
        String(text.prefix { $0 != ":" }.filter { !$0.isNumber && $0 != "." }).replacing(
            "partitions", with: "partition")
    }
}
