import Platform

/// Which labelled galaxies a calibration uses: a fraction of them, chosen by a digest of their names, so that other programs
/// and later commands find the others without a list.
public struct CalibrationSplit: Sendable, Equatable {
    /// More than 0, at most 1.
    public let fraction: Double

    /// All galaxies.
    public static let all = CalibrationSplit(uncheckedFraction: 1)

    public var isAll: Bool { fraction == 1 }

    private init(uncheckedFraction: Double) { fraction = uncheckedFraction }

    /// nil for a number that is not a fraction.
    public init?(_ fraction: Double) {
        guard fraction > 0, fraction <= 1 else { return nil }
        self.fraction = fraction
    }

    /// Whether a galaxy is used: the first 32 bits of the SHA-256 of `SOURCE\nROW\nID`, as a fraction of 2^32, are below
    /// `fraction`. What a file does not have is empty.
    public func uses(objectID: String?, source: String?, row: Int?) -> Bool {
        guard !isAll else { return true }
        let key = "\(source ?? "")\n\(row.map(String.init) ?? "")\n\(objectID ?? "")"
        let bits = SHA256Digest.hash(Array(key.utf8)).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        return Double(bits) < fraction * 0x1p32
    }
}
