import AstroMAE
import Platform
import TensorFiles

/// Files of galaxies, local or remote: the inputs of a run.
public struct GalaxyInputs: Sendable {
    /// In their order; a remote file's path is its URL.
    public let files: [InputFile]
    /// Names and bands of the galaxies in the files, as the user states them.
    public private(set) var layout: GalaxyLayout
    /// Every file that is read, including the table of magnitudes and redshifts: no output may replace one of them.
    public var paths: [String] { files.map(\.path) + [layout.tablePath ?? layout.table?.name].compactMap(\.self) }
    /// Opens remote files; nil where all files are local.
    package let remote: (any RemoteFiles)?

    /// Remote files whose ends are fetched while an earlier one is opened.
    private static let openedAhead = 64

    /// - Parameter remote: opens the files that are not local.
    public init(files: [InputFile], layout: GalaxyLayout = .usual, remote: (any RemoteFiles)? = nil) {
        (self.files, self.layout, self.remote) = (files, layout, remote)
    }

    /// Local files, folders and patterns, expanded as `InputList` does it.
    /// - Throws: `Failure` for a path that does not exist, and for a file that is given twice.
    public init(_ arguments: [String], layout: GalaxyLayout = .usual) throws(Failure) {
        self.init(files: try InputList.expand(arguments), layout: layout)
    }

    /// Opens file after file, and passes each to `body` until that returns false. Only headers are read.
    /// - Parameters:
    ///   - range: indices of the files; nil for all.
    ///   - needed: an estimate of how many files are left to be passed, the next one included: no more remote files are
    ///     opened ahead.
    public func forEach(
        of range: Range<Int>? = nil, needed: () -> Int = { .max },
        _ body: (InputFile, TensorFile) throws(Failure) -> Bool
    ) throws(Failure) {
        let files = range.map { Array(self.files[$0]) } ?? self.files
        var sources: [(any ByteSource)?] = []
        for (index, input) in files.enumerated() {
            let ahead = min(Self.openedAhead, max(1, needed()))
            while sources.count < min(files.count, index + ahead) {
                sources.append(try remote?.open(files[sources.count].path))
            }
            let file =
                if let source = sources[index] {
                    try TensorFile.open(source, checksums: .deferred)
                } else {
                    try TensorFile.open(path: input.path, checksums: .deferred)
                }
            sources[index] = nil
            guard try body(input, file) else { return }
        }
    }

    /// The same with the layout for that network: see `GalaxyLayout.resolved`.
    public func resolved(for network: some CutoutNetwork) throws(Failure) -> GalaxyInputs {
        var inputs = self
        inputs.layout = try layout.resolved(for: network.statedBands)
        return inputs
    }

    /// The galaxies of the files, of as many files as `limit` galaxies need. A table without ids belongs to the galaxies of
    /// all files: all are then opened and counted.
    /// - Throws: `Failure` where a file cannot be read or has no galaxies that fit the network, and where such a table does
    ///   not have one row for each galaxy.
    public func partitions(for network: some CutoutNetwork, limit: Int? = nil) throws(Failure) -> [PartitionReader] {
        try partitions(
            imageShape: network.imageShape, magnitudeCount: network.requiredMagnitudes,
            layout: layout.resolved(for: network.statedBands), limit: limit)
    }

    /// The same for images of that shape, and a number of magnitudes; nil for images alone.
    /// - Parameter layout: resolved.
    func partitions(
        imageShape: [Int], magnitudeCount: Int?, layout: GalaxyLayout, limit: Int? = nil
    ) throws(Failure) -> [PartitionReader] {
        var partitions: [PartitionReader] = []
        var count = 0
        let rowsAlone = layout.table.flatMap { $0.hasIDs ? nil : $0 }
        /// By the mean number of galaxies of the files so far.
        func filesNeeded() -> Int {
            guard let limit, rowsAlone == nil else { return .max }
            return partitions.isEmpty ? 1 : (limit - count - 1) / max(1, count / partitions.count) + 1
        }
        try forEach(needed: filesNeeded) { input, file throws(Failure) in
            let partition = try PartitionReader(
                file, source: input.source, label: input.label, imageShape: imageShape, magnitudeCount: magnitudeCount,
                layout: layout, firstGalaxy: count)
            if partitions.isEmpty || count < limit ?? .max { partitions.append(partition) }
            count += partition.count
            return rowsAlone != nil || count < limit ?? .max
        }
        try rowsAlone?.check(galaxies: count, of: allInputs)
        return partitions
    }

    /// The galaxies of some of the files; no other file is opened.
    /// - Parameters:
    ///   - range: indices of the files.
    ///   - first: the number of galaxies in the files before them; nil where it is not known.
    ///   - total: the number of galaxies in all files; nil where it is not known.
    /// - Throws: `Failure` where a file cannot be read or has no galaxies that fit the network, and where a table without ids
    ///   does not have one row for each galaxy of all files, or their number is not known.
    public func partitions(
        for network: some CutoutNetwork, of range: Range<Int>, first: Int?, total: Int?
    ) throws(Failure) -> [PartitionReader] {
        let layout = try layout.resolved(for: network.statedBands)
        if let table = layout.table, !table.hasIDs {
            guard first != nil, let total else {
                throw Failure(
                    table.name,
                    "has no ids, so that the row of a rank's first galaxy is not known: give --index, which states the "
                        + "galaxies of all files ('cai index')")
            }
            try table.check(galaxies: total, of: allInputs)
        }
        var partitions: [PartitionReader] = []
        var count = first ?? 0
        try forEach(of: range) { input, file throws(Failure) in
            let partition = try PartitionReader(file, input, for: network, layout, firstGalaxy: count)
            partitions.append(partition)
            count += partition.count
            return true
        }
        return partitions
    }

    /// For errors.
    private var allInputs: String { files.count == 1 ? files[0].path : "all inputs" }
}

extension PartitionReader {
    fileprivate init(
        _ file: TensorFile, _ input: InputFile, for network: some CutoutNetwork, _ layout: GalaxyLayout,
        firstGalaxy: Int
    ) throws(Failure) {
        try self.init(
            file, source: input.source, label: input.label, imageShape: network.imageShape,
            magnitudeCount: network.requiredMagnitudes, layout: layout, firstGalaxy: firstGalaxy)
    }
}

/// Opens input files that are not local, such as objects of a store.
public protocol RemoteFiles: Sendable {
    /// Opens a file and begins to fetch its ends; nil for a local file.
    /// - Parameter path: of `InputFile`.
    func open(_ path: String) throws(Failure) -> (any ByteSource)?

    /// A file's size in bytes and its version, such as `etag:...`; nil for a local file.
    func version(of path: String) -> (bytes: Int, text: String)?
}
