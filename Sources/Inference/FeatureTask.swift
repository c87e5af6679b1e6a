import AstroMAE
import Synchronization
import TensorFiles

/// Writes each galaxy's features into its row of a file, from whichever thread computed them.
public struct FeatureTask: GalaxyTask {
    private let encoder: FeatureEncoder
    private let rows: NumPyRows
    private let damaged = Count()

    private final class Count: Sendable {
        let value = Atomic<Int>(0)
    }

    /// - Parameter rows: of the encoder's feature shape, one for each galaxy of the run.
    public init(_ encoder: FeatureEncoder, into rows: NumPyRows) {
        (self.encoder, self.rows) = (encoder, rows)
    }

    /// Galaxies some of whose features are, as they are stored, not finite numbers.
    public var nonFiniteCount: Int { damaged.value.load(ordering: .relaxed) }

    public func makeWorker(capacity: Int, profile: Profile?) -> Worker {
        Worker(self, FeatureWorkspace(for: encoder, profile: profile))
    }

    public final class Worker: GalaxyWorker {
        private let task: FeatureTask
        private var workspace: FeatureWorkspace

        fileprivate init(_ task: FeatureTask, _ workspace: consuming FeatureWorkspace) {
            self.task = task
            self.workspace = workspace
        }

        public func run(
            images: Span<Float>, magnitudes: Span<Float>, count: Int, at place: Int
        ) throws(TensorFileError) {
            var features = [Float](repeating: 0, count: count * task.encoder.featureCount)
            do {
                var span = features.mutableSpan
                task.encoder.encode(images: images, into: &span, workspace: &workspace)
            }
            let damaged = try task.rows.write(features.span, at: place)
            task.damaged.value.wrappingAdd(damaged, ordering: .relaxed)
        }
    }
}
