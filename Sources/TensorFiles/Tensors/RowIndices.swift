/// Indices of rows, in any order; negative ones count from the end. A copy shares the numbers.
struct RowIndices: Sendable {
    private enum Numbers {
        case narrow([Int32])
        case wide([Int])
        /// Equal steps, which take no memory.
        case steps(start: Int, step: Int)
    }

    private let numbers: Numbers
    let count: Int
    /// The least and the greatest; nil for no index.
    private let bounds: ClosedRange<Int>?

    init(_ numbers: [Int32]) {
        (self.numbers, count) = (.narrow(numbers), numbers.count)
        bounds = Self.bounds(numbers).map { Int($0.lowerBound)...Int($0.upperBound) }
    }

    init(_ numbers: [Int]) {
        (self.numbers, count, bounds) = (.wide(numbers), numbers.count, Self.bounds(numbers))
    }

    /// Python's `range(start, end, step)`; nil for a step of 0 and for numbers beyond 48 bits.
    init?(from start: Int, to end: Int, step: Int) {
        guard step != 0, [start, end, step].allSatisfy({ $0.magnitude < 1 << 48 }) else { return nil }
        count = max(0, (end - start + step - step.signum()) / step)
        let last = start + (count - 1) * step
        bounds = count == 0 ? nil : min(start, last)...max(start, last)
        numbers = .steps(start: start, step: step)
    }

    /// Whether each is the index of one of `rows` rows.
    func fit(_ rows: Int) -> Bool { bounds.map { $0.lowerBound >= -rows && $0.upperBound < rows } ?? true }

    /// The indices at `places` as ranges of consecutive ones, among `rows` rows that they fit.
    func runs(in places: Range<Int>, of rows: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for place in places {
            let number = self[place]
            let row = number < 0 ? number + rows : number
            if let last = runs.last, last.upperBound == row {
                runs[runs.count - 1] = last.lowerBound..<row + 1
            } else {
                runs.append(row..<row + 1)
            }
        }
        return runs
    }

    private subscript(_ place: Int) -> Int {
        switch numbers {
        case .narrow(let numbers): Int(numbers[place])
        case .wide(let numbers): numbers[place]
        case .steps(let start, let step): start + place * step
        }
    }

    private static func bounds<Number: Comparable>(_ numbers: [Number]) -> ClosedRange<Number>? {
        guard var (least, greatest) = numbers.first.map({ ($0, $0) }) else { return nil }
        for number in numbers { (least, greatest) = (min(least, number), max(greatest, number)) }
        return least...greatest
    }
}
