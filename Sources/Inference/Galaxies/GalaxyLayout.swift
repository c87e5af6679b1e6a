import AstroMAE
import Platform

/// Options that describe galaxy files beyond what the files state: names, the order of the bands, and a table with
/// magnitudes and redshifts.
public struct GalaxyLayout: Sendable {
    /// AstroMAE's bands, in its order.
    public static let networkBands = "ugriz"

    /// How a table is joined to the galaxies.
    public enum Join: String, Sendable, CaseIterable {
        /// By the galaxies' ids.
        case ids = "id"
        /// Row for row, in the order of all inputs.
        case rows
    }

    /// What happens to galaxies that a table does not have.
    public enum MissingRows: String, Sendable, CaseIterable {
        case error
        /// They have NaN and a flag.
        case flag
    }

    /// The tensor, dataset, column or image of the cutouts; nil for the usual names.
    public var images: String?
    /// The tensor of the magnitudes, or one for each band; empty for the usual names.
    public var magnitudes: [String] = []
    /// The tensor of spectroscopic redshifts; nil for the usual names.
    public var redshifts: String?
    /// The tensor or column of the galaxies' ids; nil for `object_id`.
    public var objectIDs: String?
    /// The network's bands, a letter each: as its weights state them, else `networkBands`, or those of the files where these
    /// are others.
    public private(set) var bandNames = Self.networkBands
    /// The bands that the network's weights state, once it is known; nil where they state none.
    public private(set) var ofNetwork: NetworkBands?
    /// The bands of the files in their order, as they are stated; nil where they are not.
    public private(set) var statedBands: String?
    /// The index of each of the network's bands in the files; nil where both have the same bands in the same order.
    public private(set) var bandPlaces: [Int]?
    /// The number of bands in the files; nil where they have the network's bands.
    public private(set) var bandCount: Int?
    /// Magnitudes, redshifts or both, in place of those in the files.
    public var table: GalaxyTable?
    /// The file of the table, which `resolved` reads: the names of its columns depend on the network's bands.
    public var tablePath: String?
    /// Values that stand for an unknown magnitude, redshift or pixel.
    public var missing = MissingValues.usual
    /// Whether images are [N, rows, columns, bands].
    public var isChannelsLast = false
    /// nil for a join by ids where there are any.
    public var join: Join?
    /// Whether galaxies that the table does not have are given NaN and a flag; otherwise they are an error.
    public var flagsMissingRows = false

    /// - Parameter bands: a letter for each band of images and magnitudes in the files, in their order: `grizy`, say.
    ///   nil for u, g, r, i, z. Letters without all of these are the bands of a network with other bands, in its order.
    /// - Throws: `Failure.input` where one is given twice, or u, g, r, i, z in upper case.
    public init(
        images: String? = nil, magnitudes: [String] = [], redshifts: String? = nil, objectIDs: String? = nil,
        bands: String? = nil, table: GalaxyTable? = nil, missing: MissingValues = .usual
    ) throws(Failure) {
        (self.images, self.magnitudes, self.redshifts) = (images, magnitudes, redshifts)
        (self.objectIDs, self.table, self.missing) = (objectIDs, table, missing)
        guard let bands else { return }
        let letters = Array(bands)
        let places = Self.networkBands.compactMap { letters.firstIndex(of: $0) }
        guard NetworkBands.letters(of: bands) == bands else {
            throw Failure(
                "bands",
                "expected the letters \(Self.networkBands) in some order, each once, and any "
                    + "others that the files have, or the bands of another network; found \(bands.quoted)")
        }
        (bandCount, statedBands) = (letters.count, bands)
        if places.count == Self.networkBands.count {
            bandPlaces = places == Array(letters.indices) ? nil : places
        } else {
            bandNames = bands
        }
    }

    /// From options as a user gives them; those that are nil have their defaults.
    /// - Parameters:
    ///   - magnitudes: a name, or one for each band, between commas.
    ///   - table: the path of a table.
    /// - Throws: `Failure.input` for invalid bands.
    public init(
        images: String?, magnitudes: String?, redshifts: String?, objectID: String?, bands: String?,
        missing: MissingValues, channelsLast: Bool?, table: String?, join: Join?, missingRows: MissingRows?
    ) throws(Failure) {
        try self.init(
            images: images,
            magnitudes: magnitudes?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? [],
            redshifts: redshifts, objectIDs: objectID, bands: bands, missing: missing)
        (isChannelsLast, self.join, flagsMissingRows) = (channelsLast ?? false, join, missingRows == .flag)
        tablePath = table
    }

    /// The same for a network: with the bands that its weights state, and with the table, which is read.
    /// - Parameter network: the bands that the weights state; nil where they state none, or without a network.
    /// - Throws: `Failure` where the files lack one of these bands, the magnitudes' names are not one for each, or the table
    ///   cannot be read.
    public func resolved(for network: NetworkBands?) throws(Failure) -> GalaxyLayout {
        var layout = self
        if let network {
            (layout.bandNames, layout.ofNetwork) = (network.letters, network)
            if let statedBands {
                let letters = Array(statedBands)
                let places = network.letters.compactMap { letters.firstIndex(of: $0) }
                guard places.count == network.letters.count else {
                    throw Failure(
                        "--bands",
                        "expected the network's bands \(network.letters) (metadata 'bands' of \(network.file)) in some order, and any "
                            + "others that the files have; found \(statedBands.quoted)")
                }
                layout.bandPlaces = places == Array(letters.indices) ? nil : places
            }
        }
        guard magnitudes.count < 2 || magnitudes.count == layout.bandNames.count else {
            throw Failure(
                "--magnitudes",
                "expected one name, or one for each of \(NetworkBands.list(layout.bandNames)), found \(magnitudes.count): "
                    + magnitudes.joined(separator: ",").shortened(to: 80))
        }
        if table == nil, let tablePath { layout.table = try GalaxyTable(path: tablePath, layout: layout) }
        return layout
    }

    /// Names and bands as the files have them.
    public static let usual = GalaxyLayout()

    private init() {}

    public static let usualRedshifts = ["redshifts", "redshift"]
    public static let usualObjectID = "object_id"
}
