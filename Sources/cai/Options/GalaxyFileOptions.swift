import ArgumentParser
import Inference

/// Names and bands of the galaxies in files: options of all commands that read galaxies.
struct GalaxyFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The tensor, dataset, column or image of the cutouts. Default: images, image, or the only FITS image.",
            valueName: "name"))
    var images: String?

    @Option(
        help: ArgumentHelp(
            "The one of the magnitudes, or one for each band, between commas. Default: magnitudes; mag_u to mag_z; u to z.",
            valueName: "names"))
    var magnitudes: String?

    @Option(help: ArgumentHelp("The one of known redshifts. Default: redshifts, redshift.", valueName: "name"))
    var redshifts: String?

    @Option(help: ArgumentHelp("The one of the galaxies' ids. Default: object_id.", valueName: "name"))
    var objectID: String?

    @Option(
        help: ArgumentHelp(
            "The bands in the files, in their order, a letter each; others than u g r i z are left out.",
            valueName: "order"))
    var bands: String?

    @Option(
        help: ArgumentHelp(
            "A table with magnitudes, redshifts or both, found by object_id: CSV, FITS, HDF5, npz.", valueName: "file"))
    var table: String?

    /// The given options, by their names without hyphens. They have to be the same for all ranks of a run.
    var settings: [String: String] {
        let all = [
            "images": images, "magnitudes": magnitudes, "redshifts": redshifts, "object-id": objectID, "bands": bands,
            "table": table,
        ]
        return all.compactMapValues { $0 }
    }

    func validate() throws {
        for (option, name) in settings.sorted(by: { $0.key < $1.key }) where option != "bands" {
            try requireName(name, of: "--\(option)")
        }
        if let table, table.lowercased().hasPrefix("s3://") {
            throw ValidationError("--table: expected a local file, found '\(table)': copy it first")
        }
        if let magnitudes, ![1, GalaxyLayout.networkBands.count].contains(Self.names(magnitudes).count) {
            throw ValidationError(
                "--magnitudes: expected one name, or one for each of \(GalaxyLayout.networkBands), found '\(magnitudes)'"
            )
        }
        do { _ = try GalaxyLayout(bands: bands) } catch { throw ValidationError("--\(error)") }
    }

    /// For commands that read images alone.
    func requireImagesAlone() throws {
        for (option, value) in [("--magnitudes", magnitudes), ("--redshifts", redshifts), ("--table", table)]
        where value != nil {
            throw ValidationError("\(option): images alone are read, and object_id")
        }
    }

    /// Reads the table, if one is named.
    func layout() throws -> GalaxyLayout {
        var layout = try GalaxyLayout(
            images: images, magnitudes: magnitudes.map(Self.names) ?? [], redshifts: redshifts, objectIDs: objectID,
            bands: bands)
        if let table { layout.table = try GalaxyTable(path: table, layout: layout) }
        return layout
    }

    private static func names(_ list: String) -> [String] {
        list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}
