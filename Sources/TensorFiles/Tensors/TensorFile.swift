import Platform

/// A plain value that a pickled object has besides its tensors (`num_heads`, `eps`, `approximate`, ...).
public enum Attribute: Sendable, Equatable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([Attribute])
}

/// An open file of named tensors, in any format: PyTorch (zip or older), safetensors, `.npy`, `.npz`, FITS, HDF5.
public struct TensorFile: Sendable {
    public enum Format: String, Sendable {
        case torch, torchLegacy = "torch-legacy", safetensors, npy, npz, fits, hdf5
    }

    /// A column of one of several tables, or one of several images.
    public struct ColumnPlace: Sendable {
        /// Number of the table, the same for all of its columns.
        public let table: Int
        /// Name of the column in its table.
        public let name: String
        /// Other names of the column, for files with several of that name: `TABLE.name`, `name:7`, `TABLE.name:7`.
        public let aliases: [String]
        /// Whether it is an image of its own, not a column.
        public var isImage = false
    }

    /// Path or URL.
    public let name: String
    public let format: Format
    public let byteCount: Int
    /// In the order of the file, with unique names: of a pickled module those of its `state_dict` (`module.` of a
    /// DataParallel included), of other containers dotted keys and indices (`model.blocks.0...`, `tensors.0` of a
    /// TensorDataset).
    public let tensors: [TensorView]
    /// Columns of strings, in formats that have any. Their names differ from those of tensors.
    public internal(set) var texts: [TextColumn] = []
    /// By name, why an object of the file is not read: its data is in another file, or needs a plugin.
    public internal(set) var refusals: [String: String] = [:]
    /// What was passed over in the file, and may be missed.
    public internal(set) var warnings: [String] = []
    /// The table and column of a FITS file that each tensor or column of strings comes from, by its name here; of an image
    /// its unit and EXTNAME.
    public internal(set) var columns: [String: ColumnPlace] = [:]
    /// EXTNAME and FILTER, with a blank between them, of each image in the tensor `planes` of a FITS file.
    public internal(set) var planeNames: [String] = []
    /// Class of each pickled object by dotted path ("" for the root): `torch.nn.parallel.data_parallel.DataParallel`.
    public internal(set) var classes: [String: String] = [:]
    /// Plain attributes of each pickled object or dictionary by dotted path ("" for the root).
    public internal(set) var attributes: [String: [String: Attribute]] = [:]
    /// All pickled `torch.nn.Module`s, in the order in which their owners hold them.
    public internal(set) var modules: [PickledModule] = []
    /// safetensors' `__metadata__`.
    public internal(set) var metadata: [String: String] = [:]
    /// The entries of a zip archive that contain tensors, which have checksums. In the order of the tensors.
    var members: [ZipMember] = []
    /// All entries in the directory of a zip archive; empty in other formats.
    var entries: [ZipArchive.Entry] = []
    /// The bytes of the file.
    var source: (any ByteSource)?
    /// Reads strings of the header of a FITS table, by its number, or attributes of HDF5's root group, by their keywords.
    var noting: @Sendable ([String], Int?) throws(Failure) -> [String: String] = { (_, _) throws(Failure) in [:] }
    /// Closes a library's open file, which reading opens again.
    var closing: @Sendable () -> Void = {}

    /// Bytes of the file and of its inflated tensors: an upper bound for tensors that share no bytes.
    public var inflatedByteCount: Int { members.reduce(byteCount) { $0 + $1.inflatedCount } }

    /// The tensor of that exact name.
    public subscript(_ name: String) -> TensorView? { tensors.first { $0.name == name } }

    /// The column of strings of that exact name.
    public func text(_ name: String) -> TextColumn? { texts.first { $0.name == name } }

    /// The strings of keywords in the header of the FITS table that has a column, or in the attributes of an HDF5 file's
    /// root group, as far as they are there; empty in other formats.
    /// - Throws: `Failure` where the file cannot be read.
    public func notes(_ keywords: [String], beside column: String) throws(Failure) -> [String: String] {
        try noting(keywords, columns[column]?.table)
    }

    /// Compares the checksums that were deferred. Inflates deflated arrays and keeps them for the next reader; releases all
    /// other pages.
    /// - Parameter unread: tensors that no one will read: their deflated arrays are not kept, unless others are in them.
    /// - Throws: `Failure` for a damaged entry: the first one, where all are stored.
    public func verifyChecksums(unread: [TensorView] = [], on parallel: ParallelLoop = .serial) throws(Failure) {
        // A tensor that is converted has a source of its own: its array is kept.
        func sources(_ tensors: [TensorView]) -> Set<ObjectIdentifier> {
            Set(tensors.map { ObjectIdentifier($0.source as AnyObject) })
        }
        let names = Set(unread.map(\.name))
        let dropped = sources(unread).subtracting(sources(tensors.filter { !names.contains($0.name) }))
        try ZipMember.verify(members, on: parallel) { !dropped.contains(ObjectIdentifier($0.source as AnyObject)) }
    }

    /// Name, size and checksum of each entry of a zip archive, one line each: equal lines, once verified, mean equal
    /// tensors. nil in formats without checksums.
    public var statedChecksums: [String]? {
        members.isEmpty ? nil : entries.map { "\($0.name)\t\($0.size)\t\(hexadecimal($0.checksum))" }
    }

    /// Whether to call `verifyChecksums` after everything else was read: the file is remote, and its checksums are computed
    /// as its bytes arrive.
    public var isVerifiedLast: Bool {
        members.contains(where: \.isVerifiedLast) && members.allSatisfy(\.isVerifiedLast)
    }

    /// Whether its bytes are fetched from a store.
    public var isRemote: Bool { source?.isRemote ?? false }

    /// Checks that the file has not been modified since it was opened: see `ByteSource.checkIntact`.
    public func checkIntact() throws(Failure) { try source?.checkIntact() }

    /// Calls `body` with all bytes of the file as stored.
    public func withFileBytes<Result>(_ body: (RawSpan) -> Result) throws(Failure) -> Result? {
        try source?.withBytes(in: 0..<byteCount) { (bytes: RawSpan) in body(bytes) }
    }

    /// Releases inflated tensors and the pages of the file. Reading inflates and loads them again.
    public func release() {
        for member in members { member.release() }
        closing()
        releasePages()
    }

    /// Releases only the pages of the file.
    public func releasePages() { source?.release(0..<byteCount) }
}
