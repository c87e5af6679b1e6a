import AstroMAE
import Platform

extension ArrayModel {
    public static let calibrationKeys: Set<CallOptions.CodingKeys> = [.levels, .bins, .missing]

    /// The calibration of redshifts that this network has predicted, as `cai calibrate` makes it of a file.
    /// - Parameters:
    ///   - redshifts: z_phot [N].
    ///   - spectroscopic: z_spec [N]; galaxies whose z_spec is unknown, or whose z_phot is NaN, are left out.
    /// - Throws: `Failure` for a masked autoencoder, for bins with too few galaxies, and where the weights have changed since
    ///   they were loaded.
    public func calibration(
        redshifts: [Float], spectroscopic: [Double], _ options: CallOptions
    ) throws(Failure) -> Calibration {
        let missing = try options.missing.map(MissingValues.init) ?? .usual
        let levels = try (options.levels ?? [0.68, 0.95]).map { probability throws(Failure) in
            guard let level = CoverageLevel(probability) else {
                throw Failure(
                    "levels: expected more than 0 and less than 1, with at most 5 decimals, found \(probability)")
            }
            return level
        }
        guard !levels.isEmpty, zip(levels, levels.dropFirst()).allSatisfy(<) else {
            throw Failure("levels: expected one or more in ascending order, found \(options.levels ?? [])")
        }
        var digest = SHA256Stream()
        digest.update(redshifts.span.rawSpan)
        digest.update(spectroscopic.span.rawSpan)
        let (arithmetic, choices) = try identity()
        return try Calibration(
            predicted: redshifts.map(Double.init),
            spectroscopic: spectroscopic.map { UnknownRedshift($0, missing) == nil ? $0 : .nan },
            levels: levels, bins: options.bins ?? 3, split: .all,
            origin: Calibration.Origin(
                predictions: "arrays of z_phot (float32) and z_spec (float64)", predictionsSHA256: digest.finish(),
                weights: weights, weightsSHA256: weightsSHA256(), arithmetic: arithmetic,
                network: choices["network"], numHeads: choices["num_heads"], precision: choices["precision"]))
    }

    /// Checks that a calibration is of these weights and this arithmetic, as `cai infer --calibration` does.
    public func check(_ calibration: Calibration) throws(Failure) {
        let (arithmetic, choices) = try identity()
        try calibration.check(
            weights, sha256: weightsSHA256(), arithmetic: arithmetic, choices: choices, name: "the calibration")
    }

    private func identity() throws(Failure) -> (arithmetic: String, choices: [String: String]) {
        guard case .redshift(let model) = network else {
            throw Failure(weights, "is a masked autoencoder, expected a redshift network")
        }
        var choices = ["num_heads": "\(model.config.encoder.numHeads)", "precision": precision.rawValue]
        choices["network"] = networkName
        return (model.arithmetic.description, choices)
    }
}

extension Calibration {
    /// - Parameter json: what `cai calibrate` writes.
    /// - Throws: `Failure` for other JSON, and for bins of a magnitude, which arrays of redshifts do not have.
    public init(json: [UInt8]) throws(Failure) {
        self = try JSONFile.decode(Calibration.self, json, name: "calibration")
        guard by == .zPhot else {
            throw Failure("calibration: has bins of \(by.column), expected bins of z_phot: use cai infer --calibration")
        }
    }
}
