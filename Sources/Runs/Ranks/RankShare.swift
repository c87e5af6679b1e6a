import Platform

/// What the shares of ranks are cut from.
public enum ShareUnit: String, Sendable, CaseIterable {
    /// Equal numbers of galaxies: the galaxies of all files have to be counted.
    case galaxies
    /// Whole files, of about equal bytes: a rank opens its own files only.
    case files
}

/// One of several commands that share the galaxies of the same inputs, each a contiguous part.
public struct RankShare: Sendable, Equatable, CustomStringConvertible {
    /// From 0.
    public let rank: Int
    public let worldSize: Int

    public static let worldSizes = 1...1_000_000

    /// nil where there is no such rank.
    public init?(rank: Int, worldSize: Int) {
        guard Self.worldSizes.contains(worldSize), 0..<worldSize ~= rank else { return nil }
        self.rank = rank
        self.worldSize = worldSize
    }

    public var description: String { "rank \(rank) of \(worldSize)" }

    /// Its galaxies of `total`, in the order of the inputs: shares differ by one galaxy at most. Empty for a rank
    /// beyond the number of galaxies.
    public func galaxies(of total: Int) -> Range<Int> {
        let (each, left) = max(0, total).quotientAndRemainder(dividingBy: worldSize)
        let start = rank * each + min(rank, left)
        return start..<start + each + (rank < left ? 1 : 0)
    }

    /// Its files, contiguous in the order of the inputs: those whose middle byte is in the rank's part of all bytes. Empty for
    /// some ranks where a file is larger than such a part, or files are fewer than ranks.
    /// - Parameter sizes: bytes of the files of all ranks.
    public func files(of sizes: [Int]) -> Range<Int> {
        let sizes = sizes.map { max(1, $0) }
        let total = UInt(sizes.reduce(0) { $0.cappedSum($1) })
        var before = 0
        var (start, end) = (sizes.count, sizes.count)
        for (index, size) in sizes.enumerated() {
            let middle = UInt(before.cappedSum(size / 2))
            let part = total.dividingFullWidth(middle.multipliedFullWidth(by: UInt(worldSize))).quotient
            let owner = min(Int(part), worldSize - 1)
            if owner >= rank { start = min(start, index) }
            if owner > rank { end = min(end, index) }
            before = before.cappedSum(size)
        }
        return start..<end
    }

    /// `0003`, with as many digits for every rank of the world; names then sort as ranks do.
    public var number: String { Self.padded(rank, worldSize) }

    /// `rank-0003-of-0016`
    public var label: String { "rank-\(number)-of-\(Self.padded(worldSize, worldSize))" }

    /// The name of the rank's part of an output: `{rank}` stands for its number, `{world}` for the number of ranks. A name
    /// without `{rank}` gets both before its ending: `z.csv` is `z.rank-0003-of-0016.csv`.
    public func outputName(_ name: String) -> String {
        if name.contains(Self.placeholder) {
            return name.replacing(Self.placeholder, with: number)
                .replacing("{world}", with: Self.padded(worldSize, worldSize))
        }
        let start = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
        let end = name[start...].lastIndex(of: ".") ?? name.endIndex
        return "\(name[..<end]).\(label)\(name[end...])"
    }

    public static let placeholder = "{rank}"

    private static func padded(_ number: Int, _ worldSize: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, max(4, String(worldSize).count) - digits.count)) + digits
    }
}
