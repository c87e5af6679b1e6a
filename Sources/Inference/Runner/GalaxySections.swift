/// Maps indices of galaxies among all of a run to partitions and their rows.
struct GalaxySections: Sendable {
    /// The index of the first galaxy of each partition.
    private let starts: [Int]
    /// The first row of each partition that is run.
    private let firstRows: [Int]

    init(_ sections: [GalaxyRun.Section]) {
        starts = sections.map(\.places.lowerBound)
        firstRows = sections.map(\.rows.lowerBound)
    }

    /// The index of the partition with the galaxy.
    func section(of place: Int) -> Int {
        var (low, high) = (0, starts.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if starts[middle] <= place { low = middle } else { high = middle }
        }
        return low
    }

    /// The rows, in their file, of `count` consecutive galaxies of one partition.
    func rows(at place: Int, count: Int) -> Range<Int> {
        let section = section(of: place)
        let start = firstRows[section] + place - starts[section]
        return start..<start + count
    }
}
