import AstroMAE
import TensorFiles

/// Galaxies in memory, so that a benchmark times the network and not the disk.
public struct Galaxies: Sendable {
    public let count: Int
    /// [count, 5, 32, 32] and [count, 5], row-major.
    public let images: [Float]
    public let magnitudes: [Float]

    /// Reads PyTorch partitions one after another, cut to the first `limit` galaxies.
    /// - Throws: `TensorFileError`, or `BenchmarkError` for a file that holds no galaxies of the model's shape.
    public init(partitions: [String], limit: Int = .max, for model: RedshiftModel) throws {
        var count = 0
        var images: [Float] = []
        var magnitudes: [Float] = []
        for path in partitions where count < limit {
            let file = try TensorFile.open(path: path)
            guard let image = file["tensors.0"], let magnitude = file["tensors.1"] else {
                throw BenchmarkError("\(path): expected a TensorDataset of images and magnitudes, found \(file.format)")
            }
            let rows = image.shape.first ?? 0
            guard image.shape == [rows] + model.imageShape, magnitude.shape == [rows, model.magnitudeCount] else {
                throw BenchmarkError(
                    "\(path): expected \([rows] + model.imageShape) and \([rows, model.magnitudeCount]), "
                        + "found \(image.shape) and \(magnitude.shape)")
            }
            let kept = min(rows, limit - count)
            images += try image.floats().prefix(kept * model.imageCount)
            magnitudes += try magnitude.floats().prefix(kept * model.magnitudeCount)
            count += kept
        }
        guard count > 0 else { throw BenchmarkError("no galaxies in \(partitions.joined(separator: ", "))") }
        self.count = count
        self.images = images
        self.magnitudes = magnitudes
    }
}
