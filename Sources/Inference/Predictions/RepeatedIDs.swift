import Platform

/// Counts the object ids that an earlier galaxy has. Takes about 16 bytes a galaxy: ids are compared by a hash of 64 bits.
public struct RepeatedIDs: Sendable {
    /// The number of galaxies with an id that an earlier one has, and the first such id.
    public struct Found: Sendable, Equatable, Codable {
        public internal(set) var count: Int
        public let first: String

        public init(count: Int, first: String) { (self.count, self.first) = (count, first) }

        /// `2 galaxies with an object id that an earlier one has; the first: '123'`
        public var text: String {
            "\(Numbers.counted(count, "galaxy", "galaxies")) with an object id that an earlier one has; the first: "
                + first.quoted
        }
    }

    public private(set) var found: Found?
    private var hashes: Set<Int> = []

    public init() {}

    public mutating func insert(_ id: String) {
        guard !hashes.insert(id.hashValue).inserted else { return }
        found = Found(count: (found?.count ?? 0) + 1, first: found?.first ?? id)
    }
}
