import AstroMAE
import Platform
import Synchronization
import TensorFiles

/// A network of either kind for galaxies in the caller's memory: loaded once, used by any number of threads at once. For
/// programs in other languages (`Python/`); every wrong argument is an error.
public final class ArrayModel: Sendable {
    enum Network: Sendable {
        case redshift(RedshiftModel)
        case autoencoder(MaskedAutoencoder)
    }

    /// The path of the weights.
    public let weights: String
    let network: Network
    let precision: Precision
    private let options: CallOptions
    /// Of the file that was loaded.
    private let stamp: FileStamp?
    private let held = Mutex(Held())

    private struct Held {
        /// Of the file, in hexadecimal digits; nil before it is needed.
        var sha256: String?
        /// The last layer that was asked for.
        var encoder: FeatureEncoder?
    }

    /// The options of `init`.
    public static let keys: Set<CallOptions.CodingKeys> = [.threads, .precision, .network, .numHeads, .decoderHeads]

    /// - Parameters:
    ///   - weights: the path of any checkpoint of a redshift network or a masked autoencoder.
    ///   - options: `precision`, `network`, `num_heads`, `decoder_heads`; `threads` that load.
    /// - Throws: `Failure` as the command line reports it.
    public init(weights: String, options: CallOptions) throws(Failure) {
        (self.weights, self.options) = (weights, options)
        stamp = FileStamp(path: weights)
        let precision = try options.choice(options.precision, .precision, Precision.self) ?? .float32
        self.precision = precision
        let parallel = ParallelLoop.threads(options.threads ?? Processors.available)
        let file = try TensorFile.open(path: weights, checksums: .deferred)
        defer { file.release() }
        try file.verifyChecksums(on: parallel)
        if try NetworkKind.of(file, network: options.network) == .autoencoder {
            network = .autoencoder(
                try MaskedAutoencoder(
                    weights: file, network: options.network, numHeads: options.numHeads,
                    decoderHeads: options.decoderHeads, precision: precision, on: parallel))
        } else {
            network = .redshift(
                try RedshiftModel(
                    weights: file, network: options.network, numHeads: options.numHeads, precision: precision,
                    on: parallel))
        }
        try checkUnchanged()
    }

    /// The one of several networks in the weights.
    var networkName: String? { options.network }

    /// Bands, rows and columns of a cutout.
    public var imageShape: [Int] { cutouts.imageShape }
    /// Patches along an edge of a cutout, and all of them.
    public var grid: Int { encoderConfig.grid }
    public var patches: Int { encoderConfig.patches }

    /// Floats of the errors of a galaxy's reconstruction: errors and power [patches, bands], noise, flux and magnitudes
    /// [bands], and the loss.
    public var measurementCount: Int { 2 * patches * imageShape[0] + 3 * imageShape[0] + 1 }

    var encoderConfig: EncoderConfig {
        switch network {
        case .redshift(let model): model.config.encoder
        case .autoencoder(let model): model.config.encoder
        }
    }

    var cutouts: any CutoutNetwork {
        switch network {
        case .redshift(let model): model
        case .autoencoder(let model): model
        }
    }

    /// SHA-256 of the weights' file, in hexadecimal digits.
    /// - Throws: `Failure` where the file was replaced or changed after it was loaded.
    public func weightsSHA256() throws(Failure) -> String {
        try held.withLock { held throws(Failure) in
            if let known = held.sha256 { return known }
            let digest = try SHA256Digest.ofFile(weights).sha256
            try checkUnchanged()
            held.sha256 = digest
            return digest
        }
    }

    private func checkUnchanged() throws(Failure) {
        guard FileStamp(path: weights) == stamp else {
            throw Failure(weights, "was replaced or changed after it was loaded: load it again")
        }
    }

    /// The encoder of the network that gives a layer, from the same file.
    func encoder(_ layer: FeatureLayer, threads: Int) throws(Failure) -> FeatureEncoder {
        try held.withLock { held throws(Failure) in
            if let known = held.encoder, known.layer == layer { return known }
            try checkUnchanged()
            let file = try TensorFile.open(path: weights, checksums: .deferred)
            defer { file.release() }
            let encoder = try FeatureEncoder(
                weights: file, network: options.network, layer: layer, numHeads: options.numHeads,
                decoderHeads: options.decoderHeads, precision: precision, on: .threads(threads))
            try checkUnchanged()
            held.encoder = encoder
            return encoder
        }
    }

    /// What the network is, as JSON with the keys that `astrocai.h` lists.
    public func description() throws(Failure) -> [UInt8] {
        try JSONFile.encoded(Description(self))
    }
}

private struct Description: Encodable {
    private enum Config: Encodable {
        case redshift(ModelConfig)
        case autoencoder(AutoencoderConfig)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .redshift(let config): try config.encode(to: encoder)
            case .autoencoder(let config): try config.encode(to: encoder)
            }
        }
    }

    private let version = Release.version
    private let weights: String
    private let network: String
    private let config: Config
    private let imageShape: [Int]
    private let magnitudes: Int?
    private let bands: String?
    private let parameters: Int
    private let warnings: [String]
    private let notices: [String]
    private let instructionSet: String
    private let precision: String
    private let arithmetic: String?
    private let width: Int
    private let tokens: Int
    private let patches: Int
    private let patchCount: Int
    private let measurements: Int

    private enum CodingKeys: String, CodingKey {
        case version, weights, network, config, magnitudes, bands, parameters, warnings, notices, precision, arithmetic
        case width, tokens, patches, measurements
        case imageShape = "image_shape"
        case instructionSet = "instruction_set"
        case patchCount = "patch_count"
    }

    init(_ model: ArrayModel) {
        switch model.network {
        case .redshift(let network):
            (self.network, config) = (NetworkKind.redshift.rawValue, .redshift(network.config))
            arithmetic = network.arithmetic.description
        case .autoencoder(let network):
            (self.network, config) = (NetworkKind.autoencoder.rawValue, .autoencoder(network.config))
            arithmetic = nil
        }
        let (cutouts, encoder) = (model.cutouts, model.encoderConfig)
        (weights, imageShape, magnitudes) = (model.weights, cutouts.imageShape, cutouts.requiredMagnitudes)
        bands = cutouts.statedBands?.letters
        parameters = cutouts.parameterCount
        (warnings, notices) = (cutouts.warnings, [cutouts.precisionNotice].compactMap(\.self))
        (instructionSet, precision) = (cutouts.instructionSet.rawValue, cutouts.precision.rawValue)
        (width, tokens) = (encoder.width, encoder.tokens)
        (patches, patchCount) = (encoder.patches, encoder.patchCount)
        measurements = model.measurementCount
    }
}
