import Platform

extension TensorFile {
    /// When the checksums of tensors are compared, in formats that have any. The description of the tensors is always
    /// checked when a file is opened, checksums included.
    public enum Checksums: Sendable {
        /// When the file is opened, which reads all of its bytes.
        case now
        /// When `verifyChecksums` is called: opening reads only headers. The checksum of a deflated array is also compared
        /// whenever it is inflated.
        case deferred
    }

    /// Maps and checks a file. Its first bytes determine the format, not its name.
    /// - Throws: `Failure` when it cannot be read, has no known format, or is damaged in any way.
    public static func open(path: String, checksums: Checksums = .now) throws(Failure) -> TensorFile {
        try open(try MappedFile(path: path), checksums: checksums)
    }

    /// The same for any source of bytes.
    public static func open(_ source: some ByteSource, checksums: Checksums = .now) throws(Failure) -> TensorFile {
        var file = try read(source)
        if [.torch, .torchLegacy, .safetensors, .npz].contains(file.format), file.tensors.isEmpty, file.texts.isEmpty,
            let (name, reason) = file.refusals.min(by: { $0.key < $1.key })
        {
            throw Failure(source.name, "tensor \(name.quoted): \(reason)")
        }
        file.source = source
        if checksums == .now { try ZipMember.verify(file.members, on: .serial) { _ in false } }
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

    /// Whether the first bytes are those of a file that `open` reads or names.
    package static func isKnown(_ source: some ByteSource) throws(Failure) -> Bool {
        try FileKind(source) != .unknown
    }

    private static func read(_ archive: ZipArchive, _ source: some ByteSource) throws(Failure) -> TensorFile {
        if let folder = TorchZipFile.folder(in: archive) { return try TorchZipFile.read(archive, folder: folder) }
        guard NumPyFile.matches(archive) else {
            throw Failure(source.name, "zip: holds neither data.pkl (PyTorch) nor .npy members (NumPy)")
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
                try TorchTar.matches(source)
                    ? "is PyTorch's oldest container (tar): load it with PyTorch and save it again"
                    : "is a tar archive: extract it and name the files in it")
        case .npy: return try NumPyFile.read(source)
        case .safetensors: return try SafeTensorsFile.read(source)
        case .fits: return try FITSFile.read(source)
        case .gzip: return try FITSFile.read(source, isGzip: true)
        case .hdf5: return try HDF5File.read(source)
        case .classicNetCDF:
            throw Failure(
                source.name, "is a netCDF file of the classic format: convert it to netCDF-4 (nccopy -k nc4 IN OUT)")
        case .unknown:
            throw Failure(source.name, "is of no known format (PyTorch, safetensors, .npy, .npz, FITS, HDF5)")
        }
    }
}

/// The format that a file's first bytes indicate.
private enum FileKind {
    case zip, torchLegacy, pickle, tar, npy, safetensors, fits, gzip, hdf5, classicNetCDF, unknown

    init(_ source: some ByteSource) throws(Failure) {
        guard source.byteCount > 0 else { throw Failure(source.name, "is empty") }
        let kind = try source.withBytes(in: 0..<min(source.byteCount, 512)) { (bytes: RawSpan) -> FileKind in
            // "PK" alone could also be the length of a safetensors header.
            if bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6]) { return .zip }
            if bytes.starts(with: NumPyFile.magic) { return .npy }
            if bytes.starts(with: FITSFile.magic) { return .fits }
            if bytes.starts(with: Gzip.magic) { return .gzip }
            if bytes.starts(with: HDF5File.magic) { return .hdf5 }
            if TorchLegacyFile.matches(bytes) { return .torchLegacy }
            if SafeTensorsFile.matches(bytes) { return .safetensors }
            if bytes.starts(with: Array("ustar".utf8), at: 257) { return .tar }
            if bytes.starts(with: Array("CDF".utf8)), [1, 2, 5].contains(where: { bytes.starts(with: [$0], at: 3) }) {
                return .classicNetCDF
            }
            return bytes.starts(with: [0x80]) ? .pickle : .unknown
        }
        guard kind == .unknown else {
            self = kind
            return
        }
        self = try HDF5File.start(in: source) == nil ? .unknown : .hdf5
    }
}
