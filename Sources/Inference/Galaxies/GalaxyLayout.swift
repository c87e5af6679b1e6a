import Platform

/// What a user says of the galaxies in files, beyond what the files say: names, the order of the bands, and a table with
/// what lies elsewhere.
public struct GalaxyLayout: Sendable {
    /// The bands that the networks look at, in their order.
    public static let networkBands = "ugriz"

    /// The tensor, dataset, column or image of the cutouts; nil for the usual names.
    public var images: String?
    /// The one of the magnitudes, or one for each band; none for the usual names.
    public var magnitudes: [String]
    /// The one of spectroscopic redshifts; nil for the usual names.
    public var redshifts: String?
    /// The one of the galaxies' ids; nil for `object_id`.
    public var objectIDs: String?
    /// The place of each of the network's bands in the files; nil where they are the network's own.
    public let bandPlaces: [Int]?
    /// How many bands the files have, where they are not the network's own.
    public let bandCount: Int?
    /// Has magnitudes, redshifts or both; those in the files are then not read.
    public var table: GalaxyTable?

    /// - Parameter bands: a letter for each band of images and magnitudes in the files, in their order: `grizy`, say.
    ///   nil for u, g, r, i, z.
    /// - Throws: `Failure.input` where a band of the network's is missing, or any comes twice.
    public init(
        images: String? = nil, magnitudes: [String] = [], redshifts: String? = nil, objectIDs: String? = nil,
        bands: String? = nil, table: GalaxyTable? = nil
    ) throws(Failure) {
        (self.images, self.magnitudes, self.redshifts) = (images, magnitudes, redshifts)
        (self.objectIDs, self.table) = (objectIDs, table)
        guard let bands else {
            (bandPlaces, bandCount) = (nil, nil)
            return
        }
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
    }

    /// Names and bands as the files have them.
    public static let usual = GalaxyLayout()

    private init() {
        (images, magnitudes, redshifts, objectIDs, table) = (nil, [], nil, nil, nil)
        (bandPlaces, bandCount) = (nil, nil)
    }

    /// The names that columns of magnitudes may have, where there is one for each band.
    public static let magnitudeColumns = [
        networkBands.map { "mag_\($0)" }, networkBands.map { String($0) },
    ]
    public static let usualRedshifts = ["redshifts", "redshift"]
    public static let usualObjectID = "object_id"
}
