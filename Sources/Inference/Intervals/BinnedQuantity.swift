/// What the bins of a calibration are of.
public enum BinnedQuantity: Sendable, Equatable {
    case zPhot
    /// The magnitude in a band.
    case magnitude(Character)

    /// `z_phot`, or the letter of a band; nil for anything else.
    public init?(_ text: String) {
        if text == "z_phot" {
            self = .zPhot
        } else if let band = text.first, text.count == 1, band.isLetter {
            self = .magnitude(band)
        } else {
            return nil
        }
    }

    /// The column of predictions that has it, as in the file of a calibration: `z_phot`, `mag_r`.
    public var column: String {
        switch self {
        case .zPhot: "z_phot"
        case .magnitude(let band): Self.magnitudePrefix + "\(band)"
        }
    }

    /// nil for any other column.
    init?(column: String) {
        guard column.hasPrefix(Self.magnitudePrefix) else {
            guard column == "z_phot" else { return nil }
            self = .zPhot
            return
        }
        self.init(String(column.dropFirst(Self.magnitudePrefix.count)))
        if self == .zPhot { return nil }
    }

    /// nil of z_phot.
    public var band: Character? {
        switch self {
        case .zPhot: nil
        case .magnitude(let band): band
        }
    }

    private static let magnitudePrefix = "mag_"
}
