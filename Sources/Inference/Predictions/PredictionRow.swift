/// The columns of a file of predictions, by their names there, in the order in which they are written.
public enum PredictionColumn: String, Sendable, CaseIterable {
    case objectID = "object_id"
    case source
    case row
    case zPhot = "z_phot"
    case zSpec = "z_spec"
    case flags
}

/// A row of a file of predictions; nil where the file does not have a column, or it was not asked for.
public struct PredictionRow: Sendable, Equatable {
    public var objectID: String?
    /// The partition file's name, without folders.
    public var source: String?
    /// Row in the partition, from 0.
    public var row: Int?
    /// Photometric redshift; NaN where the galaxy has none. A float32 is read as its shortest decimal, which is what
    /// text holds: all forms of a file give the same float64 here.
    public var zPhot: Double
    /// Spectroscopic redshift; nil where it is not known, too.
    public var zSpec: Double?
    /// Why `zPhot` is NaN; empty where it is not.
    public var flags: PredictionFlags?
    /// The further column of numbers that was asked for; NaN where a row has none.
    public var number: Double?

    /// `zPhot` as the network gave it: no digit is lost on the way through a file.
    public var float: Float { Float(zPhot) }
}
