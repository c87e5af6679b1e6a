/// The data size of a run, as the published system names it: `50MB`, `1GB`, `total`.
public struct DataVolume: Sendable, Equatable {
    /// The nominal size, as in the published figures.
    public let gigabytes: Double
    /// The name of its folder.
    public let name: String

    /// The whole data set of the published system: 12.6 GB.
    public static let whole = DataVolume(gigabytes: 12.6, name: "total")
    /// Its galaxies.
    public static let wholeGalaxies = 659_857

    private init(gigabytes: Double, name: String) {
        self.gigabytes = gigabytes
        self.name = name
    }

    /// `50MB`, `0.5GB`, `12.6GB`, `1TB`, `total`; nil for anything else.
    public init?(_ text: String) {
        let units = ["MB": 1e-3, "GB": 1, "TB": 1e3]
        guard text.lowercased() != "total" else {
            self = .whole
            return
        }
        guard let unit = units[text.suffix(2).uppercased()], let number = Double(text.dropLast(2)),
            text.dropLast(2).allSatisfy({ $0.isNumber || $0 == "." }), (1e-3...1e6).contains(number * unit)
        else { return nil }
        let gigabytes = (number * unit * 1e9).rounded() / 1e9
        guard gigabytes != Self.whole.gigabytes else {
            self = .whole
            return
        }
        self.gigabytes = gigabytes
        name =
            switch gigabytes {
            case ..<1: Self.trimmed(gigabytes * 1e3) + "MB"
            case ..<1000: Self.trimmed(gigabytes) + "GB"
            default: Self.trimmed(gigabytes / 1e3) + "TB"
            }
    }

    /// The number of partitions of a size in MB (25, 50, 75, 100), which equals the ranks of the published runs. There
    /// a GB is
    /// 1,024 MB (41 partitions of 25 MB, 11 of 100 MB), and the whole set has as many partitions as its galaxies fill.
    /// - Parameter rows: galaxies of a partition.
    public func partitions(megabytes: Int, rows: Int) -> Int {
        if self == .whole { return (Self.wholeGalaxies - 1) / rows + 1 }
        let all = gigabytes < 1 ? gigabytes * 1000 : gigabytes * 1024
        // A quotient slightly above a whole number by rounding counts as that number.
        return max(1, Int((all / Double(megabytes) - 1e-6).rounded(.up)))
    }

    private static func trimmed(_ number: Double) -> String {
        let text = "\((number * 1e6).rounded() / 1e6)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
