import Platform

/// Options that describe galaxy files beyond what the files state: names, the order of the bands, and a table with
/// magnitudes and redshifts.
public struct GalaxyLayout: Sendable {
    /// The networks' bands, in their order.
    public static let networkBands = "ugriz"

    /// The tensor, dataset, column or image of the cutouts; nil for the usual names.
    public var images: String?
    /// The tensor of the magnitudes, or one for each band; empty for the usual names.
    public var magnitudes: [String] = []
    /// The tensor of spectroscopic redshifts; nil for the usual names.
    public var redshifts: String?
    /// The tensor or column of the galaxies' ids; nil for `object_id`.
    public var objectIDs: String?
    /// The index of each of the network's bands in the files; nil where both have the same bands in the same order.
    public private(set) var bandPlaces: [Int]?
    /// The number of bands in the files; nil where they have the network's bands.
    public private(set) var bandCount: Int?
    /// The bands in the files, a letter each, where they are stated.
    public private(set) var bandLetters: String?
    /// Magnitudes, redshifts or both, in place of those in the files.
    public var table: GalaxyTable?
    /// Values that stand for an unknown magnitude, redshift or pixel.
    public var missing = MissingValues.usual

    /// - Parameter bands: a letter for each band of images and magnitudes in the files, in their order: `grizy`, say.
    ///   nil for u, g, r, i, z.
    /// - Throws: `Failure.input` where a band of the network's is missing, or one is given twice.
    public init(
        images: String? = nil, magnitudes: [String] = [], redshifts: String? = nil, objectIDs: String? = nil,
        bands: String? = nil, table: GalaxyTable? = nil, missing: MissingValues = .usual
    ) throws(Failure) {
        (self.images, self.magnitudes, self.redshifts) = (images, magnitudes, redshifts)
        (self.objectIDs, self.table, self.missing) = (objectIDs, table, missing)
        guard let bands else { return }
        let letters = Array(bands)
        let places = Self.networkBands.compactMap { letters.firstIndex(of: $0) }
        guard places.count == Self.networkBands.count, Set(letters).count == letters.count else {
            throw Failure(
                "bands",
                "expected the letters \(Self.networkBands) in some order, each once, and any "
                    + "others that the files have; found '\(bands)'")
        }
        bandPlaces = places == Array(letters.indices) ? nil : places
        bandCount = letters.count
        bandLetters = bands
    }

    /// Names and bands as the files have them.
    public static let usual = GalaxyLayout()

    private init() {}

    /// The names that columns of magnitudes may have, where there is one for each band.
    public static let magnitudeColumns = [
        networkBands.map { "mag_\($0)" }, networkBands.map { String($0) },
    ]
    public static let usualRedshifts = ["redshifts", "redshift"]
    public static let usualObjectID = "object_id"
}
