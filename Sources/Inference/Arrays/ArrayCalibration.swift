import AstroMAE
import Platform
import TensorFiles

extension ArrayModel {
    public static let calibrationKeys: Set<CallOptions.CodingKeys> = [.levels, .bins, .by, .bands, .missing]

    /// The calibration of redshifts that this network has predicted, as `cai calibrate` makes it of a file.
    /// - Parameters:
    ///   - redshifts: z_phot [N].
    ///   - spectroscopic: z_spec [N]; galaxies whose z_spec is unknown, or whose z_phot is NaN, are left out.
    ///   - magnitudes: [N, bands]; not read for bins of z_phot.
    /// - Throws: `Failure` for a masked autoencoder, for arrays of other shapes, for bins with too few galaxies, and where the
    ///   weights have changed since they were loaded.
    public func calibration(
        redshifts: [Float], spectroscopic: TensorView, magnitudes: TensorView?, _ options: CallOptions
    ) throws(Failure) -> Calibration {
        guard spectroscopic.shape == [redshifts.count] else {
            throw Failure(
                "spectroscopic: expected shape [\(redshifts.count)] as of redshifts, found \(spectroscopic.shape)")
        }
        guard let by = BinnedQuantity(options.by ?? BinnedQuantity.zPhot.column) else {
            throw Failure(
                "by: expected z_phot, or the letter of a band, such as r; found \((options.by ?? "").quoted)")
        }
        let missing = try options.missingValues()
        let known = try spectroscopic.doubles()
        var values = try by.magnitudes(in: magnitudes, count: redshifts.count, of: cutouts.statedBands, options)
        var digest = SHA256Stream()
        digest.update(redshifts.span.rawSpan)
        digest.update(known.span.rawSpan)
        digest.update(values.span.rawSpan)
        by.erase(missing, of: magnitudes, in: &values)
        let (arithmetic, choices) = try identity()
        let arrays = "arrays of z_phot (float32)" + (by == .zPhot ? "" : ", \(by.column) (float32)")
        return try Calibration(
            predicted: redshifts.map(Double.init),
            spectroscopic: known.map {
                UnknownRedshift($0, missing, storedAs: spectroscopic.storedTypes) == nil ? $0 : .nan
            },
            by: by, magnitudes: values.map(Double.init), levels: levels(options), bins: options.bins ?? 3, split: .all,
            origin: Calibration.Origin(
                predictions: arrays + " and z_spec (float64)", predictionsSHA256: digest.finish(),
                weights: weights, weightsSHA256: weightsSHA256(), arithmetic: arithmetic,
                network: choices["network"], numHeads: choices["num_heads"], precision: choices["precision"]))
    }

    private func levels(_ options: CallOptions) throws(Failure) -> [CoverageLevel] {
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
        return levels
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
    public static let intervalKeys: Set<CallOptions.CodingKeys> = [.bands, .missing]

    /// - Parameter json: what `cai calibrate` writes.
    /// - Throws: `Failure` for other JSON.
    public init(json: [UInt8]) throws(Failure) {
        self = try JSONFile.decode(Calibration.self, json, name: "calibration")
    }

    /// The intervals of redshifts [N], at each level; NaN where a redshift, or the magnitude of bins by magnitude, is not
    /// finite or missing.
    /// - Parameters:
    ///   - magnitudes: [N, bands]; not read for bins of z_phot.
    ///   - model: the network, whose bands the magnitudes have; nil for u, g, r, i, z or those of the options.
    /// - Throws: `Failure` for magnitudes that are absent or of another shape.
    public func intervals(
        _ redshifts: [Float], magnitudes: TensorView?, of model: ArrayModel?, _ options: CallOptions
    ) throws(Failure) -> [[(low: Float, high: Float)]] {
        var values = try by.magnitudes(
            in: magnitudes, count: redshifts.count, of: model?.cutouts.statedBands, hasNetwork: model != nil, options)
        by.erase(try options.missingValues(), of: magnitudes, in: &values)
        return redshifts.indices.map { index in
            intervals(redshifts[index], magnitude: values.isEmpty ? .nan : values[index])
        }
    }
}

extension BinnedQuantity {
    /// The magnitudes of an array [N, bands] in the band, as they are stored; empty for z_phot.
    /// - Parameters:
    ///   - network: the bands that the weights state; nil where they state none.
    ///   - hasNetwork: whether there are weights. Without them the bands are those of the options.
    /// - Throws: `Failure` for an array that is absent or of another shape, and for a band that the network does not have.
    fileprivate func magnitudes(
        in array: TensorView?, count: Int, of network: NetworkBands?, hasNetwork: Bool = true, _ options: CallOptions
    ) throws(Failure) -> [Float] {
        guard let band else { return [] }
        let layout = try options.layout().resolved(for: network)
        let names = hasNetwork ? layout.bandNames : layout.statedBands ?? layout.bandNames
        guard names.contains(band) else {
            throw Failure(
                hasNetwork
                    ? "by: expected z_phot, or one of the network's bands, \(NetworkBands.list(names)); found "
                        + String(band).quoted
                    : "bands: expected the calibration's band \(String(band).quoted) among them, found \(names.quoted)")
        }
        guard let array else { throw Failure("magnitudes: expected them for bins of \(column), found none") }
        let bands = layout.statedBands ?? layout.bandNames
        guard array.shape == [count, bands.count], let place = Array(bands).firstIndex(of: band),
            let values = array.slice(axis: 1, from: place, count: 1)
        else {
            throw Failure(
                "magnitudes: expected shape [\(count), \(bands.count)] for \(count) redshifts and the bands \(bands), "
                    + "found \(array.shape)")
        }
        return try values.floats()
    }

    /// Replaces missing magnitudes of an array by NaN.
    fileprivate func erase(_ missing: MissingValues, of array: TensorView?, in values: inout [Float]) {
        guard let array, !values.isEmpty else { return }
        MissingValues.erase(missing.magnitudes(storedAs: array.storedTypes), in: &values)
    }
}
