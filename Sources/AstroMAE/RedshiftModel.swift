import TensorFiles

public struct CheckpointError: Error, CustomStringConvertible {
    public let file: String
    public let message: String
    public var description: String { "\(file): \(message)" }
}

/// Everything that a forward pass writes to: one per worker thread, allocated once.
public struct Workspace: ~Copyable {
    /// - Parameter capacity: the most galaxies one `predict` call may bring.
    public init(for model: RedshiftModel, capacity: Int) {}
}

public final class RedshiftModel: Sendable {
    /// Bands, height and width of a cutout: 5, 32, 32.
    public let imageShape: [Int] = [5, 32, 32]
    public var imageCount: Int { imageShape.reduce(1, *) }
    public let magnitudeCount = 5
    /// sha256-independent provenance: the notices to show a user about assumed values (heads, eps).
    public let notices: [String] = []
    public let parameterCount = 0

    /// - Parameters: weights: an opened file; numHeads: overrides what the file says or the default.
    public init(weights: TensorFile, numHeads: Int? = nil) throws(CheckpointError) {}

    /// images [N,5,32,32], magnitudes [N,5] -> redshifts [N]. N = redshifts.count <= workspace capacity.
    /// The bits of a galaxy's redshift do not depend on N or on its neighbours. Allocates nothing.
    public func predict(
        images: Span<Float>, magnitudes: Span<Float>, into redshifts: inout MutableSpan<Float>,
        workspace: inout Workspace
    ) {}
}
