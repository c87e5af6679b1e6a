import Platform

/// A plain value that a pickled object carries beside its tensors (`num_heads`, `eps`, `approximate`, ...).
public enum Attribute: Sendable, Equatable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([Attribute])
}

/// An opened file of named tensors, whatever its format: PyTorch (zip or older), safetensors, `.npy`, `.npz`, FITS, HDF5.
public struct TensorFile: Sendable {
    public enum Format: String, Sendable {
        case torch, torchLegacy = "torch-legacy", safetensors, npy, npz, fits, hdf5
    }

    /// A column of one of several tables.
    public struct ColumnPlace: Sendable {
        /// A number of the table: columns of one table have the same.
        public let table: Int
        /// The column's name in its table.
        public let name: String
    }

    /// Path or URL.
    public let name: String
    public let format: Format
    public let byteCount: Int
    /// In the file's order, names unique. A pickled module gives its `state_dict` names (`module.` of a DataParallel
    /// included), other containers dotted keys and indices (`model.blocks.0...`, `tensors.0` of a TensorDataset).
    public let tensors: [TensorView]
    /// Columns of texts, of formats that have any. Their names and those of tensors are all different.
    public let texts: [TextColumn]
    /// Why something of that name is there and not read: it lies in another file, or needs a plugin.
    public let refusals: [String: String]
    /// Where each column of a FITS file lies, by the name that its tensor or its texts have here.
    public let columns: [String: ColumnPlace]
    /// Class of each pickled object by dotted path ("" is the root): `torch.nn.parallel.data_parallel.DataParallel`.
    public let classes: [String: String]
    /// Plain attributes of each pickled object or dictionary by dotted path ("" is the root).
    public let attributes: [String: [String: Attribute]]
    /// safetensors' `__metadata__`.
    public let metadata: [String: String]
    /// The entries of a zip archive that tensors lie in: what has checksums. In the order of the tensors.
    var members: [ZipMember] = []
    /// What the directory of a zip archive lists; empty in other formats.
    private var entries: [ZipArchive.Entry] = []
    /// What was opened.
    private var source: (any ByteSource)?
    /// Lets go of what a library has open of it; it is opened again when it is asked for again.
    private let closing: @Sendable () -> Void

    init(
        name: String, format: Format, byteCount: Int, tensors: [TensorView], texts: [TextColumn] = [],
        refusals: [String: String] = [:], columns: [String: ColumnPlace] = [:], classes: [String: String] = [:],
        attributes: [String: [String: Attribute]] = [:],
        metadata: [String: String] = [:], members: [ZipMember] = [], closing: @escaping @Sendable () -> Void = {}
    ) {
        (self.name, self.format, self.byteCount, self.tensors) = (name, format, byteCount, tensors)
        (self.texts, self.refusals, self.columns, self.closing) = (texts, refusals, columns, closing)
        (self.classes, self.attributes, self.metadata, self.members) = (classes, attributes, metadata, members)
    }

    /// Bytes of the file and of what its tensors inflate to: tensors that share no bytes have no more than these.
    public var inflatedByteCount: Int { members.reduce(byteCount) { $0 + $1.inflatedCount } }

    /// The tensor of that exact name.
    public subscript(_ name: String) -> TensorView? { tensors.first { $0.name == name } }

    /// The texts of that exact name.
    public func text(_ name: String) -> TextColumn? { texts.first { $0.name == name } }

    /// When the checksums over tensors are compared, in formats that have any. What describes the tensors is always
    /// checked when a file is opened, checksums included.
    public enum Checksums: Sendable {
        /// When the file is opened: all of its bytes are read.
        case now
        /// When `verifyChecksums` is called: opening reads no more than headers. A deflated array's is compared whenever
        /// it is inflated, too.
        case deferred
    }

    /// Maps and checks a file. The format is told by its bytes, not by its name.
    /// - Throws: `Failure` when it cannot be read, is of no known format, or is damaged in any way.
    public static func open(path: String, checksums: Checksums = .now) throws(Failure) -> TensorFile {
        try open(try MappedFile(path: path), checksums: checksums)
    }

    /// The same for bytes from elsewhere.
    public static func open(
        _ source: some ByteSource, checksums: Checksums = .now
    ) throws(Failure) -> TensorFile {
        var file = try read(source)
        file.source = source
        if checksums == .now {
            try ZipMember.verify(file.members, keeping: false, on: .serial)
        }
        return file
    }

    /// Whether the first bytes are those of one array (.npy) or of a table (FITS, compressed by gzip or not, HDF5).
    package static func isTable(_ source: some ByteSource) throws(Failure) -> Bool {
        switch try FileKind(source) {
        case .npy, .fits, .hdf5: true
        case .gzip: try Gzip.begins(source, with: FITSFile.magic)
        default: false
        }
    }

    /// Compares the checksums that were deferred. Deflated arrays are inflated for it and kept, so that who reads them
    /// next does not inflate them again; of other pages none stays in memory.
    /// - Throws: `Failure` for an entry that is damaged: the first, where all are stored.
    public func verifyChecksums(on parallel: ParallelLoop = .serial) throws(Failure) {
        try ZipMember.verify(members, keeping: true, on: parallel)
    }

    /// What the file states its contents to be, a line for each of its entries: those that are the same, and were compared,
    /// are those of the same tensors. nil in formats that state nothing.
    public var statedChecksums: [String]? {
        members.isEmpty ? nil : entries.map { "\($0.name)\t\($0.size)\t\(hexadecimal($0.checksum))" }
    }

    /// Whether `verifyChecksums` had better be called when everything else was read: the file comes from far, and its
    /// checksums were taken as its bytes arrived.
    public var isVerifiedLast: Bool {
        members.contains(where: \.isVerifiedLast) && members.allSatisfy(\.isVerifiedLast)
    }

    /// Checks that what was read so far is the file's: see `ByteSource.checkIntact`.
    public func checkIntact() throws(Failure) { try source?.checkIntact() }

    /// Calls `body` with all bytes of the file, as it lies there.
    public func withFileBytes<Result>(_ body: (RawSpan) -> Result) throws(Failure) -> Result? {
        try source?.withBytes(in: 0..<byteCount) { (bytes: RawSpan) in body(bytes) }
    }

    /// Lets go of what was inflated and of the file's pages. All is inflated and loaded again when it is asked for again.
    public func release() {
        for member in members { member.release() }
        closing()
        releasePages()
    }

    /// Lets go of the file's pages alone.
    public func releasePages() { source?.release(0..<byteCount) }

    private static func read(_ archive: ZipArchive, _ source: some ByteSource) throws(Failure) -> TensorFile {
        if let folder = TorchZipFile.folder(in: archive) { return try TorchZipFile.read(archive, folder: folder) }
        guard NumPyFile.matches(archive) else {
            throw Failure(
                source.name, "zip: holds neither data.pkl (PyTorch) nor .npy members (NumPy)")
        }
        return try NumPyFile.read(archive)
    }

    private static func read(_ source: some ByteSource) throws(Failure) -> TensorFile {
        switch try FileKind(source) {
        case .zip:
            let archive = try ZipArchive(source)
            var file = try read(archive, source)
            file.entries = archive.entries
            return file
        case .torchLegacy: return try TorchLegacyFile.read(source)
        case .pickle: throw TorchLegacyFile.refuse(source)
        case .tar:
            throw Failure(
                source.name,
                "is PyTorch's oldest container (tar): load it with PyTorch and save it again")
        case .npy: return try NumPyFile.read(source)
        case .safetensors: return try SafeTensorsFile.read(source)
        case .fits: return try FITSFile.read(source)
        case .gzip: return try FITSFile.read(source, isGzip: true)
        case .hdf5: return try HDF5File.read(source)
        case .unknown:
            throw Failure(
                source.name, "is of no known format (PyTorch, safetensors, .npy, .npz, FITS, HDF5)")
        }
    }
}

/// What a file's first bytes say it is.
private enum FileKind {
    case zip, torchLegacy, pickle, tar, npy, safetensors, fits, gzip, hdf5, unknown

    init(_ source: some ByteSource) throws(Failure) {
        guard source.byteCount > 0 else { throw Failure(source.name, "is empty") }
        self = try source.withBytes(in: 0..<min(source.byteCount, 512)) { (bytes: RawSpan) -> FileKind in
            // "PK" alone could also be the length of a safetensors header.
            if bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6]) { return .zip }
            if bytes.starts(with: NumPyFile.magic) { return .npy }
            if bytes.starts(with: FITSFile.magic) { return .fits }
            if bytes.starts(with: Gzip.magic) { return .gzip }
            if bytes.starts(with: HDF5File.magic) { return .hdf5 }
            if TorchLegacyFile.matches(bytes) { return .torchLegacy }
            if SafeTensorsFile.matches(bytes) { return .safetensors }
            if bytes.starts(with: Array("ustar".utf8), at: 257) { return .tar }
            return bytes.starts(with: [0x80]) ? .pickle : .unknown
        }
    }
}
