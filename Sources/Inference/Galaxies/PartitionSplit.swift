import Platform
import TensorFiles

/// Galaxies of several files, regrouped into partitions of a given number of rows: `TensorDataset`s that PyTorch reads,
/// of images in float32 and magnitudes and redshifts in the widest type of the inputs.
public struct PartitionSplit {
    /// The number of rows in a partition of a nominal size in megabytes.
    public static let rowsByMegabytes = [25: 1278, 50: 2556, 75: 3834, 100: 5113]

    /// Galaxies of all files.
    public let count: Int
    /// Galaxies of each partition but the last.
    public let rows: Int
    /// What was passed over in the files, or read without its meaning being known.
    public let warnings: [String]
    /// Whether files have galaxy ids, which a `TensorDataset` cannot hold.
    public let dropsObjectIDs: Bool
    private let inputs: [Input]
    private let magnitudeType: DType
    /// nil where the files have no redshifts.
    private let redshiftType: DType?

    private struct Input {
        let file: TensorFile
        let tensors: GalaxyTensors
        /// Its galaxies among all.
        let rows: Range<Int>
    }

    /// - Parameter rows: of each partition, at least 1.
    /// - Throws: `Failure` where a file holds no galaxies, or differs from the first: other shapes of images, another
    ///   number of magnitudes, redshifts in one and not in the other.
    public init(_ files: [TensorFile], rows: Int, layout: GalaxyLayout = .usual) throws(Failure) {
        var inputs: [Input] = []
        var place = 0
        for file in files {
            let tensors = try GalaxyTensors(file, layout: layout, firstGalaxy: place)
            let first = inputs.first?.tensors ?? tensors
            guard first.images.shape.count == 4, let magnitudes = first.magnitudes?.shape.last else {
                throw file.failure(
                    of: tensors.images.name,
                    "expected images of shape [N, bands, rows, columns], found \(first.images.shape)")
            }
            let count = try tensors.rowCount(
                imageShape: Array(first.images.shape.dropFirst()), magnitudeCount: magnitudes, file: file.name)
            if (tensors.redshifts == nil) != (first.redshifts == nil), let other = inputs.first?.file.name {
                throw file.failure(
                    tensors.redshifts == nil
                        ? "has no redshifts, but \(other) has: expected all inputs to have them, or none"
                        : "has redshifts, but \(other) has none: expected all inputs to have them, or none")
            }
            inputs.append(Input(file: file, tensors: tensors, rows: place..<place + count))
            place += count
        }
        try layout.table?.check(galaxies: place, of: files.count == 1 ? files[0].name : "all inputs")
        self.inputs = inputs
        self.rows = max(1, rows)
        count = place
        warnings =
            inputs.flatMap { input in
                (input.file.warnings + input.tensors.unknownClasses(in: input.file)).map { "\(input.file.name): \($0)" }
            } + (layout.table?.warnings ?? [])
        dropsObjectIDs = inputs.contains { $0.tensors.objectIDs != nil }
        magnitudeType = Self.type(of: inputs.compactMap(\.tensors.magnitudes))
        let redshifts = inputs.compactMap(\.tensors.redshifts)
        redshiftType = redshifts.isEmpty ? nil : Self.type(of: redshifts)
    }

    /// The number of partitions.
    public var partitionCount: Int { count == 0 ? 0 : (count - 1) / rows + 1 }

    /// The galaxies of a partition, counted from 0, among all.
    public func galaxies(of partition: Int) -> Range<Int> { partition * rows..<min(count, (partition + 1) * rows) }

    /// The name of the input that holds exactly the galaxies of a partition; nil where no input does.
    public func wholeInput(_ partition: Int) -> String? {
        let range = galaxies(of: partition)
        return inputs.first { $0.rows == range }?.file.name
    }

    /// Writes a partition, counted from 0, whole or not at all. Each file's checksums are compared before the first of
    /// its galaxies is written; those of a remote file before the partition with its last galaxy is renamed to its
    /// final path.
    public func write(_ partition: Int, to path: String) throws(Failure) {
        let range = galaxies(of: partition)
        let used = inputs.filter { $0.rows.overlaps(range) }
        for input in used where range.contains(input.rows.lowerBound) && !input.file.isVerifiedLast {
            try input.file.verifyChecksums()
        }
        var writer = TorchWriter()
        try writer.add(Self.pieces(used, range) { $0.images }, as: .f32)
        try writer.add(Self.pieces(used, range) { $0.magnitudes }, as: magnitudeType)
        if let redshiftType { try writer.add(Self.pieces(used, range) { $0.redshifts }, as: redshiftType) }
        try writer.write(to: path) { () throws(Failure) in
            for input in used where range.contains(input.rows.upperBound - 1) && input.file.isVerifiedLast {
                try input.file.verifyChecksums()
            }
        }
        for input in used where range.contains(input.rows.upperBound - 1) { input.file.release() }
    }

    private static func pieces(
        _ inputs: [Input], _ range: Range<Int>, _ tensor: (GalaxyTensors) -> TensorView?
    ) -> [TorchWriter.Piece] {
        inputs.compactMap { input in
            let part = input.rows.clamped(to: range)
            let start = input.rows.lowerBound
            return tensor(input.tensors).map { ($0, part.lowerBound - start..<part.upperBound - start) }
        }
    }

    private static func type(of tensors: [TensorView]) -> DType { tensors.contains { $0.dtype == .f64 } ? .f64 : .f32 }
}
