import Platform

/// The forms in which predictions are written.
public enum PredictionFormat: String, Sendable, CaseIterable {
    /// `object_id,source,row,z_phot,z_spec,flags`, a header first, quoted as RFC 4180 has it.
    case csv
    /// One JSON object a line, with the same names; `null` where there is no number.
    case jsonl
    /// The same as `csv`, compressed.
    case csvGzip = "csv.gz"
    /// A NumPy array of float32, z_phot alone.
    case npy
    /// A FITS file with one binary table: the columns of the CSV.
    case fits
    /// An HDF5 file with a dataset for each of these columns.
    case hdf5 = "h5"

    /// The format that a path's ending names, in either case; nil for any other ending.
    public init?(path: String) {
        let name = InputList.lastComponent(path).lowercased()
        let found = Self.allCases.first { format in
            format.endings.contains { name.hasSuffix("." + $0) && name.utf8.count > $0.utf8.count + 1 }
        }
        guard let found else { return nil }
        self = found
    }

    /// Whether the file holds `Provenance`.
    public var hasProvenance: Bool { self == .fits || self == .hdf5 }

    /// All endings, for messages.
    public static let listed = ".csv, .csv.gz, .jsonl, .npy, .fits, .h5 or .hdf5"

    private var endings: [String] { self == .hdf5 ? ["h5", "hdf5"] : [rawValue] }
}

/// A destination of bytes: a file, or the standard output.
public protocol ByteSink {
    /// Appends bytes.
    mutating func write(_ bytes: [UInt8]) throws(Failure)
}
