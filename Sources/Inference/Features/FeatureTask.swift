import AstroMAE
import Platform
import TensorFiles

/// Rows of features, which threads write in any order, each once.
public protocol FeatureRows: Sendable {
    /// Whether a feature is still finite as it is stored.
    func isFinite(_ value: Float) -> Bool
    /// Writes whole rows, the first of them number `row`.
    func write(_ values: Span<Float>, at row: Int) throws(Failure)
}

extension NumPyRows: FeatureRows {}

/// Writes each galaxy's features into its row, on the thread that computed them. All features of a galaxy with flags are
/// NaN.
public struct FeatureTask: GalaxyTask {
    private let encoder: FeatureEncoder
    private let rows: any FeatureRows
    private let flagged: FlaggedGalaxies

    /// The name of the result in errors and summaries.
    public static let result = "features"

    /// - Parameters:
    ///   - sections: of the run.
    ///   - rows: of the encoder's feature shape, one for each galaxy of the run.
    ///   - isStrict: whether a galaxy that gets flags ends the run.
    public init(
        _ encoder: FeatureEncoder, of sections: [GalaxyRun.Section], into rows: some FeatureRows, isStrict: Bool
    ) {
        (self.encoder, self.rows) = (encoder, rows)
        flagged = FlaggedGalaxies(sections, result: Self.result, isStrict: isStrict)
    }

    /// Galaxies with flags, complete after the run: of their pixels, or because a feature is not finite as it is
    /// stored.
    public var flags: FlagCounts { flagged.counts }

    public func makeWorker(capacity: Int, profile: Profile?) throws(Failure) -> Worker {
        Worker(self, try FeatureWorkspace(for: encoder, profile: profile))
    }

    public final class Worker: GalaxyWorker {
        private let task: FeatureTask
        private var workspace: FeatureWorkspace

        fileprivate init(_ task: FeatureTask, _ workspace: consuming FeatureWorkspace) {
            self.task = task
            self.workspace = workspace
        }

        public func run(images: Span<Float>, magnitudes: Span<Float>, count: Int, at place: Int) throws(Failure) {
            var features = [Float](repeating: 0, count: count * task.encoder.featureCount)
            do {
                var span = features.mutableSpan
                task.encoder.encode(images: images, into: &span, workspace: &workspace)
            }
            let (pixels, size) = (images.count / max(1, count), task.encoder.featureCount)
            for index in 0..<count {
                let image = images.extracting(index * pixels..<(index + 1) * pixels)
                task.flagged.countBlankBands(of: image)
                var flags = PredictionFlags(image: image, magnitudes: Span())
                let own = index * size..<(index + 1) * size
                if flags.isEmpty, !features[own].allSatisfy(task.rows.isFinite) { flags = .resultNotFinite }
                guard !flags.isEmpty else { continue }
                try task.flagged.insert(flags, at: place + index)
                features.replaceSubrange(own, with: repeatElement(.nan, count: size))
            }
            try task.rows.write(features.span, at: place)
        }
    }
}
