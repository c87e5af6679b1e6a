/// Classes of patches by symmetry: patches at equivalent positions of the square (corners, edges, centre) have the same
/// number, since galaxies have no preferred orientation.
struct PatchClasses {
    /// The class of each patch, row by row.
    let numbers: [Int]
    let count: Int

    init(grid: Int) {
        var known: [[Int]] = []
        numbers = (0..<grid * grid).map { patch in
            let (row, column) = patch.quotientAndRemainder(dividingBy: grid)
            let key = [min(row, grid - 1 - row), min(column, grid - 1 - column)].sorted()
            if let number = known.firstIndex(of: key) { return number }
            known.append(key)
            return known.count - 1
        }
        count = known.count
    }

    func patches(of number: Int) -> [Int] { numbers.indices.filter { numbers[$0] == number } }
}
