/// The finished galaxies of a run, by their indices among all galaxies of the run.
public struct FinishedGalaxies: Sendable, Equatable {
    /// Ascending, neither overlapping nor adjacent.
    public private(set) var ranges: [Range<Int>] = []
    /// Index ranges (`GalaxyRun.Section.places`) of the sections whose checksums were compared.
    public private(set) var verified: Set<Range<Int>> = []

    /// No galaxies.
    public init() {}

    public var isEmpty: Bool { ranges.isEmpty }

    /// The number of finished galaxies.
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

    /// Marks galaxies as not finished: they have to be run again.
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

    /// Marks a section as not verified: its checksums have to be compared again.
    public mutating func doubt(_ section: Range<Int>) { verified.remove(section) }

    /// The unfinished parts of `range`, ascending.
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
    /// The first index whose range satisfies `fits`, given that all after it do; `count` where none does.
    fileprivate func firstPlace(where fits: (Range<Int>) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if fits(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
