import AstroMAE
import TensorFiles

/// The golden predictions of the demo autoencoder for the first demo galaxies, in float64.
public enum GoldenReconstruction {
    /// The largest error allowed in a prediction: ten times PyTorch's float32 (Tests/Fixtures/README.md).
    public static let worstAllowed = 2e-5

    /// max |pred - pred_float64|
    public static func worst() throws -> Double {
        let model = try MaskedAutoencoder(weights: TensorFile.open(path: Checkout.demoAutoencoder))
        let inputs = try TensorFile.open(path: Checkout.autoencoderInputs)
        let golden = try TensorFile.open(path: Checkout.autoencoderGolden)
        guard let images = try inputs["images"]?.floats(), let noise = try inputs["noise"]?.floats(),
            let expected = try golden["pred"]?.doubles()
        else { throw BenchmarkError("\(Checkout.autoencoderInputs): expected images, noise and pred") }
        let stages = try model.stages(images: images.span, noise: noise.span, masking: try model.masking(ratio: 0.75))
        guard let values = stages["pred"], values.count == expected.count else {
            throw BenchmarkError("\(Checkout.autoencoderGolden): another number of predictions")
        }
        return zip(values, expected).reduce(0) { max($0, $1.0.isFinite ? abs(Double($1.0) - $1.1) : .infinity) }
    }
}
