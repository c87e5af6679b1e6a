/// The forms in which predictions are written.
public enum PredictionFormat: String, Sendable, CaseIterable {
    /// `object_id,source,row,z_phot,z_spec`, a header first, quoted as RFC 4180 has it.
    case csv
    /// One JSON object a line, with the same names; `null` where there is no number.
    case jsonl
    /// A NumPy array of float32, z_phot alone.
    case npy

    /// The format that a path's ending names, in either case; nil for any other ending.
    public init?(path: String) {
        self.init(rawValue: InputList.ending(of: path))
    }
}

/// Where bytes go: a file, or the standard output.
public protocol ByteSink {
    /// Appends bytes.
    mutating func write(_ bytes: [UInt8]) throws(InferenceError)
}
