/// Where the galaxies of a run lie in their files.
struct GalaxySections: Sendable {
    /// The place of the first galaxy of each partition among all.
    private let starts: [Int]
    /// The first row of each partition that is run.
    private let firstRows: [Int]

    init(_ sections: [GalaxyRun.Section]) {
        starts = sections.map(\.places.lowerBound)
        firstRows = sections.map(\.rows.lowerBound)
    }

    /// The partition with that galaxy.
    func section(of place: Int) -> Int {
        var (low, high) = (0, starts.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if starts[middle] <= place { low = middle } else { high = middle }
        }
        return low
    }

    /// The rows in their file of galaxies that follow each other in one.
    func rows(at place: Int, count: Int) -> Range<Int> {
        let section = section(of: place)
        let start = firstRows[section] + place - starts[section]
        return start..<start + count
    }
}
