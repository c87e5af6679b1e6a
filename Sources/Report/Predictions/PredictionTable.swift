import Platform

/// The redshifts of a prediction file: what quality is measured on.
public struct PredictionTable: Sendable {
    /// z_phot of the galaxies whose z_spec is known, in the file's order.
    public private(set) var predicted: [Double] = []
    /// Their z_spec.
    public private(set) var spectroscopic: [Double] = []
    /// z_phot of the galaxies without a z_spec (an empty field), in the file's order.
    public private(set) var predictedAlone: [Double] = []
    /// How many those are.
    public var unknown: Int { predictedAlone.count }

    /// Reads the columns `z_phot` and `z_spec` of a CSV file, found by the names in its first line; any others are
    /// passed over. Numbers are decimal, `nan` and `inf` included; an empty `z_spec` is an unknown one.
    /// - Parameter needsSpectroscopic: whether there has to be a column `z_spec`; where there is none, all are unknown.
    /// - Throws: `Failure` naming the file and the line.
    public init(csvFile path: String, needsSpectroscopic: Bool = true) throws(Failure) {
        try self.init(csv: try FileBytes.read(path), name: path, needsSpectroscopic: needsSpectroscopic)
    }

    /// The same for text that is already in memory; `name` is what errors call it.
    public init(csv bytes: [UInt8], name: String, needsSpectroscopic: Bool = true) throws(Failure) {
        var text = DelimitedText(name: name, bytes: bytes)
        guard let header = try text.next() else {
            throw Failure("\(name): line 1: expected a header with z_phot and z_spec, found an empty file")
        }
        let zPhot = try Self.column("z_phot", in: header, of: text)
        let zSpec =
            needsSpectroscopic || header.contains("z_spec") ? try Self.column("z_spec", in: header, of: text) : nil
        var fields: [DelimitedText.Field] = []
        while try text.next(into: &fields) {
            guard fields.count == header.count else {
                throw Failure(
                    "\(name): line \(text.recordLine): expected \(header.count) fields as in the header, "
                        + "found \(fields.count)")
            }
            let predicted = try Self.number(fields[zPhot], column: "z_phot", of: text)
            var known: Double?
            if let zSpec, !fields[zSpec].range.isEmpty {
                known = try Self.number(fields[zSpec], column: "z_spec", of: text)
            }
            add(predicted: predicted, spectroscopic: known)
        }
    }

    /// No galaxies.
    init() {}

    /// - Parameter spectroscopic: nil where it is not known.
    mutating func add(predicted: Double, spectroscopic: Double?) {
        guard let spectroscopic else { return predictedAlone.append(predicted) }
        self.predicted.append(predicted)
        self.spectroscopic.append(spectroscopic)
    }

    private static func column(
        _ column: String, in header: [String], of text: DelimitedText
    ) throws(Failure) -> Int {
        let places = header.indices.filter { header[$0] == column }
        guard places.count == 1 else {
            throw Failure(
                "\(text.name): line \(text.recordLine): expected one column \(column), found \(places.count) in "
                    + "\"\(shortened(header.joined(separator: ",")))\"")
        }
        return places[0]
    }

    /// As much of a file's text as an error line has room for.
    private static func shortened(_ text: String) -> String { text.count > 120 ? text.prefix(120) + "..." : text }

    private static func number(
        _ field: DelimitedText.Field, column: String, of text: DelimitedText
    ) throws(Failure) -> Double {
        guard let value = text.number(field) else {
            throw Failure(
                "\(text.name): line \(text.recordLine): \(column): expected a number, "
                    + "found \"\(shortened(text.text(field)))\"")
        }
        return value
    }
}
