import Inference
import Platform

/// How galaxies are run through a network.
public struct RunSettings: Sendable {
    /// The first galaxies of all inputs that are run; nil for all.
    public var limit: Int?
    /// The most galaxies of one micro-batch; bits do not depend on it.
    public var batchSize: Int
    /// Threads that compute; bits do not depend on it.
    public var threads: Int
    /// Attention heads, where the weights do not state them; nil for those of the weights.
    public var numHeads: Int?
    /// Attention heads of a masked autoencoder's decoder.
    public var decoderHeads: Int?
    /// Whether a galaxy that gets flags is an error.
    public var isStrict: Bool

    public init(
        limit: Int? = nil, batchSize: Int = BatchRunner.defaultBatchSize, threads: Int = Processors.available,
        numHeads: Int? = nil, decoderHeads: Int? = nil, isStrict: Bool = false
    ) {
        (self.limit, self.batchSize, self.threads) = (limit, batchSize, threads)
        (self.numHeads, self.decoderHeads, self.isStrict) = (numHeads, decoderHeads, isStrict)
    }
}
