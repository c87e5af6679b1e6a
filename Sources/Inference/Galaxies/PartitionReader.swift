import AstroMAE
import Platform
import TensorFiles

/// The galaxies of one file, with shapes checked against a network: images [N, 5, 32, 32], and, unless the network
/// takes images alone, magnitudes [N, 5] and optional spectroscopic redshifts [N].
///
/// Reads only the rows that a caller asks for, from any number of threads at once.
public struct PartitionReader: Sendable {
    /// The number of `rows` that the table does not have.
    func absentFromTable(_ rows: Range<Int>) -> Int { tensors.tableRows?.absentCount(rows) ?? 0 }
    /// The file's columns of magnitudes, with a comma between them; nil where they are in one tensor, or in a table.
    var magnitudeColumns: String? {
        guard tensors.tableRows == nil, let name = tensors.magnitudes?.name, name.contains(", ") else { return nil }
        return name
    }
    /// Whether the file, or the table, has the galaxies' ids.
    var hasObjectIDs: Bool { tensors.objectIDs != nil }
    /// The file's path, as it was given.
    public let path: String
    /// The path's last component: `source` in files of predictions.
    public let source: String
    /// The part before the colon of an `object_id` made from a row number.
    public let label: String
    /// Number of galaxies, N, at least 1.
    public let count: Int

    /// What was passed over in the file, or read without its meaning being known.
    public let warnings: [String]

    private let file: TensorFile
    private let tensors: GalaxyTensors
    private let missing: MissingValues
    /// Values that stand for none, as float32.
    private let missingMagnitudes: [MissingValues.Stored]
    private let missingPixels: [MissingValues.Stored]

    /// Opens a file and checks its tensors against the model. Only headers are read: `verify` compares the checksums.
    /// - Throws: `Failure` naming file, tensor, what was expected and what was found.
    public init(_ input: InputFile, for network: some CutoutNetwork) throws(Failure) {
        let file = try TensorFile.open(path: input.path, checksums: .deferred)
        try self.init(
            file, source: input.source, label: input.label, imageShape: network.imageShape,
            magnitudeCount: network.requiredMagnitudes, layout: GalaxyLayout.usual.resolved(for: network.statedBands))
    }

    /// The same for an opened file and a network that takes images of `imageShape` and `magnitudeCount` magnitudes; nil
    /// for images alone: magnitudes and redshifts are then not read.
    /// - Parameter firstGalaxy: the number of galaxies in the inputs before this one, where a table without ids covers
    ///   all inputs; the caller then checks its length (`GalaxyTable.check`).
    public init(
        _ file: TensorFile, source: String, label: String, imageShape: [Int], magnitudeCount: Int?,
        layout: GalaxyLayout = .usual, firstGalaxy: Int? = nil
    ) throws(Failure) {
        self.file = file
        tensors = try GalaxyTensors(
            file, layout: layout, label: label, imagesAlone: magnitudeCount == nil, firstGalaxy: firstGalaxy
        )
        .cropped(to: imageShape)
        count = try tensors.rowCount(imageShape: imageShape, magnitudeCount: magnitudeCount, file: file.name)
        warnings = file.warnings + tensors.unknownClasses(in: file)
        missing = layout.missing
        missingMagnitudes = tensors.magnitudes.map { layout.missing.magnitudes(storedAs: $0.storedTypes) } ?? []
        missingPixels = layout.missing.pixels(storedAs: tensors.images.storedTypes)
        path = file.name
        self.source = source
        self.label = label
    }

    /// The bands of an image.
    var bandCount: Int { tensors.images.shape[1] }

    /// The tensors, arrays or columns that were taken, by what they were taken for: `images`, `magnitudes`, `redshifts`.
    public var names: [String: String] {
        ["images": tensors.images.name, "magnitudes": tensors.magnitudes?.name, "redshifts": tensors.redshifts?.name]
            .compactMapValues(\.self)
    }

    /// Compares the file's checksums, where it has any and opening it did not. Deflated images and magnitudes stay in
    /// memory until `release`.
    /// - Throws: `Failure` naming the damaged entry.
    public func verify() throws(Failure) { try file.verifyChecksums(unread: unread) }

    /// The tensors of the file that no network takes; none where the images are made of several.
    private var unread: [TensorView] {
        guard file[tensors.images.name] != nil else { return [] }
        return file.tensors.filter { $0.name != tensors.images.name && $0.name != tensors.magnitudes?.name }
    }

    /// The file's checksums, computed by the threads that read it: see `TensorFile.entrySums`.
    func entrySums() -> EntrySums? { file.entrySums() }

    /// The bytes of the images of rows, for `sums`; nil where they cannot be summed row by row.
    func imageBytes(_ sums: EntrySums) -> EntrySums.Rows? { sums.rows(of: tensors.images) }

    /// Bytes that inflated arrays take in memory.
    var inflatedByteCount: Int { file.inflatedByteCount - file.byteCount }

    /// The checksums stated in the file: see `TensorFile.statedChecksums`.
    public var statedChecksums: [String]? { file.statedChecksums }

    /// Checks that what was read so far is the file's: see `ByteSource.checkIntact`.
    func checkIntact() throws(Failure) { try file.checkIntact() }

    /// Whether to call `verify` after the galaxies are computed: see `TensorFile.isVerifiedLast`.
    var isVerifiedLast: Bool { file.isVerifiedLast }

    /// Releases inflated arrays and the file's pages; both are loaded again when they are read again.
    public func release() { file.release() }

    /// Starts loading the images of `rows`, where they are contiguous.
    func prefetch(_ rows: Range<Int>) { tensors.images.prefetch(rows: rows) }

    /// Whether bytes are fetched from a store.
    var isRemote: Bool { file.isRemote }

    /// Releases the pages of the images of `rows`.
    func release(_ rows: Range<Int>) { tensors.images.release(rows: rows) }

    /// Limits read-ahead of a remote file to the images of `rows`.
    func releaseImages(outside rows: Range<Int>) {
        for others in [0..<rows.lowerBound, rows.upperBound..<count] where !others.isEmpty { releaseImages(others) }
    }

    /// Leaves the images of `rows` out of the read-ahead of a remote file.
    func releaseImages(_ rows: Range<Int>) {
        guard tensors.images.source.isRemote else { return }
        release(rows)
    }

    /// Calls `body` with the images of `rows`, row-major: in the mapped file, if they are contiguous float32 there and none
    /// of their pixels is missing, otherwise converted into `buffer`, which grows to their size. Missing pixels are NaN.
    func withImages<Result>(
        _ rows: Range<Int>, buffer: inout [Float], _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let inPlace = try tensors.images.withContiguousFloats(rows: rows) { images throws(Failure) -> Result? in
            MissingValues.mayHold(missingPixels, images) ? nil : try body(images)
        }
        if let inPlace, let result = inPlace { return result }
        try copy(tensors.images, rows, into: &buffer)
        if MissingValues.mayHold(missingPixels, buffer.span) { MissingValues.erase(missingPixels, in: &buffer) }
        return try body(buffer.span)
    }

    /// Copies the magnitudes of `rows`, float32, row-major; `buffer` is resized to them, to 0 for a network without
    /// magnitudes. Missing ones are NaN.
    func readMagnitudes(_ rows: Range<Int>, into buffer: inout [Float]) throws(Failure) {
        guard let magnitudes = tensors.magnitudes else {
            buffer = []
            return
        }
        try copy(magnitudes, rows, into: &buffer)
        MissingValues.erase(missingMagnitudes, in: &buffer)
    }

    /// The values that stand for none in a galaxy's magnitudes and pixels, each once.
    func missingValues(_ row: Int) throws(Failure) -> Set<Double> {
        let magnitudes = try tensors.magnitudes?.floats(rows: row..<row + 1) ?? []
        let pixels = try tensors.images.floats(rows: row..<row + 1)
        return Set(
            missingMagnitudes.filter { magnitudes.contains($0.stored) }.map(\.value)
                + missingPixels.filter { pixels.contains($0.stored) }.map(\.value))
    }

    private func copy(_ tensor: TensorView, _ rows: Range<Int>, into buffer: inout [Float]) throws(Failure) {
        let needed = rows.count * tensor.rowCount
        if buffer.count != needed { buffer = [Float](repeating: 0, count: needed) }
        var span = buffer.mutableSpan
        try tensor.copyFloats(rows: rows, into: &span)
    }

    /// Why a spectroscopic redshift counts as unknown; nil for a known one.
    public func unknown(_ redshift: Double) -> UnknownRedshift? {
        UnknownRedshift(redshift, missing, storedAs: tensors.redshifts?.storedTypes ?? [])
    }

    /// The spectroscopic redshifts of `rows`, as they are stored; nil where the file has none.
    public func redshifts(_ rows: Range<Int>) throws(Failure) -> [Double]? {
        try tensors.redshifts?.doubles(rows: rows)
    }

    /// The ids of `rows`: the file's own where it has an `object_id`, else `label:row`.
    func objectIDs(_ rows: Range<Int>) throws(Failure) -> [String] {
        guard let ids = tensors.objectIDs else { return rows.map { "\(label):\($0)" } }
        return try ids.ids(rows)
    }

    /// The magnitudes of `rows` in `bands`, as `catalogueMagnitudes` has them.
    /// - Throws: `Failure` where the file has none of these bands.
    package func magnitudes(_ rows: Range<Int>, of bands: String) throws(Failure) -> [Float] {
        guard let magnitudes = try catalogueMagnitudes(rows, count: bands.count) else {
            throw Failure(
                path,
                "expected magnitudes of [\(count), \(bands.count)] floating-point numbers, in the bands \(bands), "
                    + "which --add-magnitudes and intervals by magnitude need; found "
                    + (tensors.catalogue.map { "\($0.dtype.rawValue) \($0.shape)" } ?? "none"))
        }
        return magnitudes
    }

    /// The magnitudes of `rows`, whether or not the network takes them, NaN where they are missing; nil where the file has
    /// none of [N, count].
    func catalogueMagnitudes(_ rows: Range<Int>, count: Int) throws(Failure) -> [Float]? {
        guard let magnitudes = tensors.catalogue, magnitudes.shape == [self.count, count],
            magnitudes.dtype.isFloatingPoint
        else { return nil }
        var values = try magnitudes.floats(rows: rows)
        MissingValues.erase(missing.magnitudes(storedAs: magnitudes.storedTypes), in: &values)
        return values
    }
}
