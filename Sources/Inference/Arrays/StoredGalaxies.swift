import Platform
import TensorFiles

/// Galaxies of local files, for callers that want them in memory: as `cai infer` reads them, before any network is known.
public final class StoredGalaxies: Sendable {
    private let partitions: [PartitionReader]
    private let sections: [GalaxyRun.Section]
    private let layout: GalaxyLayout
    private let imageShape: [Int]
    private let magnitudeCount: Int?

    /// The options of `init`: those of `cai infer` for galaxy files, and `images_alone`.
    public static let keys: Set<CallOptions.CodingKeys> = [
        .images, .magnitudes, .redshifts, .objectID, .bands, .table, .join, .missingRows, .missing, .channelsLast,
        .imagesAlone,
    ]

    /// Checks the headers of all files. Images have the size of the first file's; larger ones are cropped to their middle.
    /// - Parameter paths: files, folders and patterns.
    /// - Throws: `Failure` as the command line reports it.
    public init(paths: [String], options: CallOptions) throws(Failure) {
        let inputs = try GalaxyInputs(paths, layout: options.layout())
        let layout = try inputs.layout.resolved(for: nil)
        let imagesAlone = options.imagesAlone ?? false
        var first: GalaxyTensors?
        try inputs.forEach(of: 0..<1) { input, file throws(Failure) in
            first = try GalaxyTensors(
                file, layout: layout, label: input.label, imagesAlone: imagesAlone, firstGalaxy: 0)
            return false
        }
        guard let first, first.images.shape.count == 4 else {
            throw Failure(
                inputs.files.first?.path ?? "",
                "expected images of shape [N, bands, rows, columns], found \(first?.images.shape ?? [])")
        }
        imageShape = Array(first.images.shape.dropFirst())
        magnitudeCount = imagesAlone ? nil : first.magnitudes?.shape.last
        self.layout = layout
        partitions = try inputs.partitions(imageShape: imageShape, magnitudeCount: magnitudeCount, layout: layout)
        sections = GalaxyRun.sections(of: partitions, limit: nil)
    }

    /// Number of galaxies, N.
    public var count: Int { sections.galaxyCount }

    /// What the arrays are, as JSON with the keys that `astrocai.h` lists.
    public func description() throws(Failure) -> [UInt8] {
        let choices = try GalaxyChoices(sections, layout)
        var hasRedshifts = false
        for partition in partitions where partition.names["redshifts"] != nil { hasRedshifts = true }
        let isNamed = layout.bandNames.count == imageShape[0]
        return try JSONFile.encoded(
            Description(
                galaxies: count, imageShape: imageShape, magnitudes: magnitudeCount,
                bands: isNamed ? layout.bandNames : nil, hasRedshifts: hasRedshifts, warnings: choices.warnings,
                notices: choices.notices))
    }

    private struct Description: Encodable {
        let galaxies: Int
        let imageShape: [Int]
        let magnitudes: Int?
        let bands: String?
        let hasRedshifts: Bool
        let warnings: [String]
        let notices: [String]

        enum CodingKeys: String, CodingKey {
            case galaxies, magnitudes, bands, warnings, notices
            case imageShape = "image_shape"
            case hasRedshifts = "has_redshifts"
        }
    }

    /// The galaxies' ids, as JSON: an array of strings.
    public func ids() throws(Failure) -> [UInt8] {
        var ids: [String] = []
        for partition in partitions {
            ids += try partition.objectIDs(0..<partition.count)
            try partition.checkIntact()
        }
        return try JSONFile.encoded(ids)
    }

    /// Copies all galaxies; pixels and magnitudes that are missing are NaN. Compares the files' checksums.
    /// - Parameters:
    ///   - images: [N, image shape]
    ///   - magnitudes: [N, number of magnitudes]; empty for images alone.
    /// - Returns: spectroscopic redshifts [N], NaN where unknown.
    public func copy(images: CallerRows, magnitudes: CallerRows) throws(Failure) -> [Double] {
        let images = try images.rows(count, of: imageShape.reduce(1, *))
        let magnitudes = try magnitudes.rows(count, of: magnitudeCount ?? 0)
        var known: [Double] = []
        known.reserveCapacity(count)
        var (pixels, values): ([Float], [Float]) = ([], [])
        for section in sections {
            let partition = section.partition
            defer { partition.release() }
            try partition.verify()
            for start in stride(from: 0, to: partition.count, by: Self.block) {
                let rows = start..<min(start + Self.block, partition.count)
                let place = section.places.lowerBound + start
                try partition.withImages(rows, buffer: &pixels) { span throws(Failure) in
                    try images.write(span, at: place)
                }
                try partition.readMagnitudes(rows, into: &values)
                try magnitudes.write(values.span, at: place)
                let redshifts = try partition.redshifts(rows) ?? [Double](repeating: .nan, count: rows.count)
                known += redshifts.map { partition.unknown($0) == nil ? $0 : .nan }
            }
            try partition.checkIntact()
        }
        return known
    }

    private static let block = 256
}
