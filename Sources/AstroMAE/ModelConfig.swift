/// The main sizes of an AstroMAE redshift network, derived from its tensors' shapes, without inner widths of the heads
/// and Inception blocks. The encoder's sizes are members of it, too.
@dynamicMemberLookup public struct ModelConfig: Codable, Equatable, Sendable {
    public let encoder: EncoderConfig
    /// Features of the ViT, Inception and magnitude branches that the fusion head reads, in the order of concatenation:
    /// outputs of each branch's last Linear layer, or of the last but one where the last is merged into the head.
    public let vitFeatures: Int
    public let inceptionFeatures: Int
    public let magnitudeFeatures: Int
    /// Hidden width of the fusion head.
    public let fusionWidth: Int

    public var fusionInputs: Int { vitFeatures + inceptionFeatures + magnitudeFeatures }

    public subscript<Value>(dynamicMember member: KeyPath<EncoderConfig, Value>) -> Value { encoder[keyPath: member] }
}

extension ModelConfig {
    private enum CodingKeys: String, CodingKey {
        case vitFeatures, inceptionFeatures, magnitudeFeatures, fusionWidth
    }

    /// Encodes the encoder's and the heads' members as one object.
    public func encode(to encoder: any Encoder) throws {
        try self.encoder.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(vitFeatures, forKey: .vitFeatures)
        try container.encode(inceptionFeatures, forKey: .inceptionFeatures)
        try container.encode(magnitudeFeatures, forKey: .magnitudeFeatures)
        try container.encode(fusionWidth, forKey: .fusionWidth)
    }

    public init(from decoder: any Decoder) throws {
        encoder = try EncoderConfig(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        vitFeatures = try container.decode(Int.self, forKey: .vitFeatures)
        inceptionFeatures = try container.decode(Int.self, forKey: .inceptionFeatures)
        magnitudeFeatures = try container.decode(Int.self, forKey: .magnitudeFeatures)
        fusionWidth = try container.decode(Int.self, forKey: .fusionWidth)
    }
}
