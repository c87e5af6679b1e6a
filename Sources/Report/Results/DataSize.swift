import Platform

/// The data size of a run, by the name of its folder: `1GB`, `12.6GB`, `500MB`, `1TB`, `total`.
///
/// Units are powers of 1000. `total` is the whole data set of the published system, 12.6 GB. Other names (`timing`,
/// `test`) are kept as they are: they have a row in a table, and no position on an axis.
public struct DataSize: Sendable {
    public let name: String
    /// nil where the name is not a size.
    public let gigabytes: Double?

    public init(_ name: String) { (self.name, gigabytes) = (name, Self.gigabytes(name)) }

    /// A cell of the published tables: a number is in GB.
    init(cell: String) {
        let number = Double(cell).flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
        (name, gigabytes) = (cell, number ?? Self.gigabytes(cell))
    }

    private static func gigabytes(_ name: String) -> Double? {
        if name.lowercased() == "total" { return 12.6 }
        let units = ["KB": 1e6, "MB": 1e3, "GB": 1, "TB": 1e-3]
        guard let divisor = units[name.suffix(2).uppercased()] else { return nil }
        let digits = name.dropLast(2).filter { $0 != " " }
        guard digits.first?.isNumber == true, let number = Double(digits), number > 0, number.isFinite else {
            return nil
        }
        return number / divisor
    }

    /// The cell in tables: 1.0, 12.6, timing.
    var cell: ResultCell { gigabytes.map { .number($0) } ?? .text(name) }

    /// The size with its unit.
    public var text: String {
        guard let gigabytes else { return name }
        return gigabytes < 1000
            ? Decimals.shortest(gigabytes, digits: 6) + " GB" : Decimals.shortest(gigabytes / 1000, digits: 6) + " TB"
    }
}

extension DataSize: Hashable, Comparable {
    /// By size; names that are not sizes come last.
    private var order: (Double, String) { gigabytes.map { ($0, "") } ?? (.infinity, name) }

    public static func == (a: DataSize, b: DataSize) -> Bool { a.order == b.order }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(order.0)
        hasher.combine(order.1)
    }

    public static func < (a: DataSize, b: DataSize) -> Bool { a.order < b.order }
}
