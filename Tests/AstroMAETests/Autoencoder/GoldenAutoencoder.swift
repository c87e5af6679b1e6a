import AstroMAE
import TensorFiles
import TestSupport

/// A masked autoencoder, and the results of a float64 implementation (Tests/Fixtures/mae/make.py).
struct GoldenAutoencoder: Sendable, CustomStringConvertible {
    let weights: String
    let golden: String
    /// Numbers of visible patches with golden stages.
    let visible: [Int]
    /// Prefix of a stage's name and the number of visible patches.
    private let isPrefixed: Bool
    /// The file with the images and the noise.
    let inputs: String
    var description: String { String(weights.split(separator: "/").last ?? "") }

    static let small = [
        GoldenAutoencoder("cell", [1, 4, 9, 16]), GoldenAutoencoder("cell-kernel3", [1, 4, 9, 16]),
        GoldenAutoencoder("plain", [1, 3, 10, 16]),
    ]
    /// The demo weights, and the results of the same rounded weights.
    static let demo = GoldenAutoencoder(
        weights: Fixture.weights("astromae-mae-demo.safetensors"),
        golden: Fixture.path("mae/demo-f16-first8.golden.safetensors"),
        inputs: Fixture.path("mae/demo-first8.golden.safetensors"))
    static let all = small + [demo]

    private init(_ name: String, _ visible: [Int]) {
        weights = Fixture.path("mae/\(name).safetensors")
        golden = Fixture.path("mae/\(name).golden.safetensors")
        (inputs, self.visible, isPrefixed) = (golden, visible, true)
    }

    private init(weights: String, golden: String, inputs: String) {
        (self.weights, self.golden, self.inputs) = (weights, golden, inputs)
        (visible, isPrefixed) = ([4], false)
    }

    func model(instructionSet: InstructionSet? = nil, gemm: GemmBackend = .auto) throws -> MaskedAutoencoder {
        try MaskedAutoencoder(weights: TensorFile.open(path: weights), gemm: gemm, instructionSet: instructionSet)
    }

    /// A golden stage; nil if the file has none of that name.
    func stage(_ name: String, visible: Int) throws -> [Double]? {
        try TensorFile.open(path: golden)[isPrefixed ? "\(visible).\(name)" : name]?.doubles()
    }

    func galaxies() throws -> MaskedGalaxies { try MaskedGalaxies(inputs) }
}

/// Cutouts and the noise that masks them.
struct MaskedGalaxies {
    var images: [Float]
    var noise: [Float]
    var count: Int

    init(_ path: String) throws {
        let file = try TensorFile.open(path: path)
        images = try file["images"].orMissing().floats()
        noise = try file["noise"].orMissing().floats()
        count = try file["noise"].orMissing().shape[0]
    }

    /// The same galaxies repeated up to `count`.
    func repeated(to count: Int) -> MaskedGalaxies {
        var copy = self
        let (image, patches) = (images.count / self.count, noise.count / self.count)
        copy.images = (0..<count).flatMap { images[$0 % self.count * image..<($0 % self.count + 1) * image] }
        // The noise of each galaxy differs, so that masks differ too.
        copy.noise = (0..<count).flatMap { galaxy in
            (0..<patches).map { noise[(galaxy * 7 + $0) % noise.count] }
        }
        copy.count = count
        return copy
    }
}

/// Results of `reconstruct`.
struct Reconstruction: Equatable {
    var predictions: [Float]
    var mask: [Float]
    var losses: [Float]

    init(of galaxies: MaskedGalaxies, by model: MaskedAutoencoder, visible: Int, batch: Int) throws {
        let (patches, patchCount) = (model.config.patches, model.config.patchCount)
        (predictions, mask, losses) = ([], [], [])
        var workspace = try AutoencoderWorkspace(for: model, masking: model.masking(visible: visible))
        for first in stride(from: 0, to: galaxies.count, by: batch) {
            let count = min(batch, galaxies.count - first)
            let images = galaxies.images.span.extracting(first * model.imageCount..<(first + count) * model.imageCount)
            let noise = galaxies.noise.span.extracting(first * patches..<(first + count) * patches)
            var part = [Float](repeating: .nan, count: count * patches * patchCount)
            var partMask = [Float](repeating: .nan, count: count * patches)
            var partLosses = [Float](repeating: .nan, count: count)
            do {
                var span = part.mutableSpan
                var maskSpan = partMask.mutableSpan
                var lossSpan = partLosses.mutableSpan
                model.reconstruct(
                    images: images, noise: noise, into: &span, mask: &maskSpan, losses: &lossSpan,
                    workspace: &workspace)
            }
            predictions += part
            mask += partMask
            losses += partLosses
        }
    }

    /// Equality in which NaN equals NaN.
    func hasBits(of other: Reconstruction) -> Bool {
        func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
        return bits(predictions) == bits(other.predictions) && bits(mask) == bits(other.mask)
            && bits(losses) == bits(other.losses)
    }
}
