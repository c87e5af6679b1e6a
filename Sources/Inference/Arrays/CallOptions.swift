import AstroMAE
import Platform

/// The options of a call from another language: a JSON object whose keys are the command line's options, `batch_size` for
/// `--batch-size`.
public struct CallOptions: Decodable, Sendable {
    public enum CodingKeys: String, CodingKey, CaseIterable, Sendable {
        case threads, precision, network, bands, missing, layer, seed, passes, images, magnitudes, redshifts, table,
            join
        case brightness, levels, bins, by
        case batchSize = "batch_size"
        case numHeads = "num_heads"
        case decoderHeads = "decoder_heads"
        case maskRatio = "mask_ratio"
        case firstGalaxy = "first_galaxy"
        case objectID = "object_id"
        case missingRows = "missing_rows"
        case channelsLast = "channels_last"
        case imagesAlone = "images_alone"
    }

    public private(set) var brightness: String?
    var threads: Int?
    var precision: String?
    var network: String?
    var bands: String?
    var missing: String?
    var layer: String?
    var seed: UInt64?
    var passes: Int?
    var images: String?
    var magnitudes: String?
    var redshifts: String?
    var table: String?
    var join: String?
    var levels: [Double]?
    var bins: Int?
    var by: String?
    var batchSize: Int?
    var numHeads: Int?
    var decoderHeads: Int?
    var maskRatio: Double?
    var firstGalaxy: Int?
    var objectID: String?
    var missingRows: String?
    var channelsLast: Bool?
    var imagesAlone: Bool?

    /// - Parameters:
    ///   - json: empty for no options.
    ///   - keys: those that the call has.
    /// - Throws: `Failure` for other keys, and for values of another type or outside their range.
    public init(_ json: String, _ keys: Set<CodingKeys>) throws(Failure) {
        let bytes = Array((json.isEmpty ? "{}" : json).utf8)
        guard case .object(let fields) = try JSONValue.parse(bytes, name: "options") else {
            throw Failure("options: expected a JSON object, found \(json.shortened().quoted)")
        }
        let known = Set(keys.map(\.rawValue))
        if let other = fields.keys.filter({ !known.contains($0) }).min() {
            throw Failure("options: expected \(known.sorted().joined(separator: ", ")), found \(other.quoted)")
        }
        self = try JSONFile.decode(CallOptions.self, bytes, name: "options")
        try Self.check(threads, .threads, 1...4096)
        try Self.check(batchSize, .batchSize, 1...8192)
        try Self.check(numHeads, .numHeads, 1...Int(Int32.max))
        try Self.check(decoderHeads, .decoderHeads, 1...Int(Int32.max))
        try Self.check(passes, .passes, 1...64)
        try Self.check(bins, .bins, 1...1000)
        try Self.check(firstGalaxy, .firstGalaxy, 0...Int.max)
    }

    private static func check(_ value: Int?, _ key: CodingKeys, _ range: ClosedRange<Int>) throws(Failure) {
        guard let value, !range.contains(value) else { return }
        throw Failure("\(key.rawValue): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
    }

    /// A value of a list, such as `Precision`; nil where the option was not given.
    public func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String?, _ key: CodingKeys, _ type: Value.Type
    ) throws(Failure) -> Value? {
        guard let text else { return nil }
        guard let value = Value(rawValue: text) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure("\(key.rawValue): expected one of \(names), found \(text.quoted)")
        }
        return value
    }

    /// Names and bands of galaxies, as the options of `cai infer` state them.
    func layout() throws(Failure) -> GalaxyLayout {
        guard table != nil || join == nil && missingRows == nil else {
            throw Failure("\(join == nil ? "missing_rows" : "join"): expected table with it")
        }
        return try GalaxyLayout(
            images: images, magnitudes: magnitudes, redshifts: redshifts, objectID: objectID, bands: bands,
            missing: missingValues(), channelsLast: channelsLast, table: table,
            join: choice(join, .join, GalaxyLayout.Join.self),
            missingRows: choice(missingRows, .missingRows, GalaxyLayout.MissingRows.self))
    }

    /// The values that stand for none.
    func missingValues() throws(Failure) -> MissingValues { try missing.map(MissingValues.init) ?? .usual }

    /// A JSON array of paths.
    public static func paths(_ json: String) throws(Failure) -> [String] {
        try JSONFile.decode([String].self, Array(json.utf8), name: "paths")
    }
}
