// JSON has neither NaN nor infinity: a measure that is undefined, or too large for a Double, is written as null.

extension KeyedEncodingContainer {
    package mutating func encodeFinite(_ value: Double?, forKey key: Key) throws {
        if let value, value.isFinite {
            try encode(value, forKey: key)
        } else {
            try encodeNil(forKey: key)
        }
    }
}

extension KeyedDecodingContainer {
    package func decodeOrNaN(forKey key: Key) throws -> Double { try decodeIfPresent(Double.self, forKey: key) ?? .nan }
}

extension ReferenceQuality: Codable {
    package enum CodingKeys: String, CodingKey {
        case meanAbsoluteError = "MAE"
        case meanSquaredError = "MSE"
        case bias = "Bias"
        case precision = "Precision"
        case r2 = "R2"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeFinite(meanAbsoluteError, forKey: .meanAbsoluteError)
        try container.encodeFinite(meanSquaredError, forKey: .meanSquaredError)
        try container.encodeFinite(bias, forKey: .bias)
        try container.encodeFinite(precision, forKey: .precision)
        try container.encodeFinite(r2, forKey: .r2)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        meanAbsoluteError = try container.decodeOrNaN(forKey: .meanAbsoluteError)
        meanSquaredError = try container.decodeOrNaN(forKey: .meanSquaredError)
        bias = try container.decodeOrNaN(forKey: .bias)
        precision = try container.decodeOrNaN(forKey: .precision)
        r2 = try container.decodeIfPresent(Double.self, forKey: .r2)
    }
}

extension FieldQuality: Codable {
    package enum CodingKeys: String, CodingKey {
        case sigmaMAD = "sigma_MAD"
        case medianBias = "median_bias"
        case sigmaIQR = "sigma_IQR"
        case outliersAbove005 = "outliers_0.05"
        case outliersAbove015 = "outliers_0.15"
        case outliersAboveThreeSigma = "outliers_3sigma"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeFinite(sigmaMAD, forKey: .sigmaMAD)
        try container.encodeFinite(medianBias, forKey: .medianBias)
        try container.encodeFinite(sigmaIQR, forKey: .sigmaIQR)
        try container.encode(outliersAbove005, forKey: .outliersAbove005)
        try container.encode(outliersAbove015, forKey: .outliersAbove015)
        try container.encode(outliersAboveThreeSigma, forKey: .outliersAboveThreeSigma)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        sigmaMAD = try container.decodeOrNaN(forKey: .sigmaMAD)
        medianBias = try container.decodeOrNaN(forKey: .medianBias)
        sigmaIQR = try container.decodeOrNaN(forKey: .sigmaIQR)
        outliersAbove005 = try container.decode(Double.self, forKey: .outliersAbove005)
        outliersAbove015 = try container.decode(Double.self, forKey: .outliersAbove015)
        outliersAboveThreeSigma = try container.decode(Double.self, forKey: .outliersAboveThreeSigma)
    }
}
