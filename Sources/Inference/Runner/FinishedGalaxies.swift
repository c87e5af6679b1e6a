/// The galaxies of a run that need not be run again, by their places among all.
public struct FinishedGalaxies: Sendable, Equatable {
    /// In ascending order, apart from each other.
    public private(set) var ranges: [Range<Int>] = []
    /// Places of sections (`GalaxyRun.Section.places`) whose checksums were compared.
    public private(set) var verified: Set<Range<Int>> = []

    /// None.
    public init() {}

    public var isEmpty: Bool { ranges.isEmpty }

    /// How many there are.
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    public mutating func insert(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let first = ranges.firstPlace { $0.upperBound >= range.lowerBound }
        let end = ranges.firstPlace { $0.lowerBound > range.upperBound }
        let touched = ranges[first..<end]
        let lower = min(range.lowerBound, touched.first?.lowerBound ?? range.lowerBound)
        let upper = max(range.upperBound, touched.last?.upperBound ?? range.upperBound)
        ranges.replaceSubrange(first..<end, with: [lower..<upper])
    }

    /// They have to be run again.
    public mutating func remove(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        ranges = ranges.flatMap { part in
            [
                part.lowerBound..<min(part.upperBound, max(part.lowerBound, range.lowerBound)),
                max(part.lowerBound, min(part.upperBound, range.upperBound))..<part.upperBound,
            ]
            .filter { !$0.isEmpty }
        }
        verified.remove(range)
    }

    public mutating func verify(_ section: Range<Int>) { verified.insert(section) }

    /// Its checksums have to be compared again.
    public mutating func doubt(_ section: Range<Int>) { verified.remove(section) }

    /// What of `range` is to be run, in ascending order.
    public func gaps(in range: Range<Int>) -> [Range<Int>] {
        var gaps: [Range<Int>] = []
        var place = range.lowerBound
        for part in ranges[ranges.firstPlace { $0.upperBound > range.lowerBound }...] {
            guard part.lowerBound < range.upperBound else { break }
            if place < part.lowerBound { gaps.append(place..<part.lowerBound) }
            place = max(place, part.upperBound)
        }
        if place < range.upperBound { gaps.append(place..<range.upperBound) }
        return gaps
    }
}

extension [Range<Int>] {
    /// The first index whose range fits, all behind it doing so, too; `count` where none does.
    fileprivate func firstPlace(where fits: (Range<Int>) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if fits(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
