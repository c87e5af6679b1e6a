/// A plain value that a pickled object carries beside its tensors (`num_heads`, `eps`, `approximate`, ...).
public enum Attribute: Sendable, Equatable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([Attribute])
}

/// An opened file of named tensors, whatever its format: PyTorch (zip or older), safetensors, `.npy`, `.npz`.
public struct TensorFile: Sendable {
    public enum Format: String, Sendable {
        case torch, torchLegacy = "torch-legacy", safetensors, npy, npz
    }

    /// Path or URL.
    public let name: String
    public let format: Format
    public let byteCount: Int
    /// In the file's order, names unique. A pickled module gives its `state_dict` names (`module.` of a DataParallel
    /// included), other containers dotted keys and indices (`model.blocks.0...`, `tensors.0` of a TensorDataset).
    public let tensors: [TensorView]
    /// Class of each pickled object by dotted path ("" is the root): `torch.nn.parallel.data_parallel.DataParallel`.
    public let classes: [String: String]
    /// Plain attributes of each pickled object or dictionary by dotted path ("" is the root).
    public let attributes: [String: [String: Attribute]]
    /// safetensors' `__metadata__`.
    public let metadata: [String: String]

    /// The tensor of that exact name.
    public subscript(_ name: String) -> TensorView? { tensors.first { $0.name == name } }

    /// Maps and checks a file. The format is told by its bytes, not by its name.
    /// - Throws: `TensorFileError` when it cannot be read, is of no known format, or is damaged in any way.
    public static func open(path: String) throws(TensorFileError) -> TensorFile {
        try open(try MappedFile(path: path))
    }

    /// The same for bytes from elsewhere.
    public static func open(_ source: some ByteSource) throws(TensorFileError) -> TensorFile {
        switch try FileKind(source) {
        case .zip:
            let archive = try ZipArchive(source)
            guard let folder = TorchZipFile.folder(in: archive) else {
                throw TensorFileError(file: source.name, message: "zip: holds no data.pkl")
            }
            return try TorchZipFile.read(archive, folder: folder)
        case .safetensors: return try SafeTensorsFile.read(source)
        }
    }
}

/// What a file's first bytes say it is.
enum FileKind {
    case zip, safetensors

    init(_ source: some ByteSource) throws(TensorFileError) {
        guard source.byteCount > 0 else { throw TensorFileError(file: source.name, message: "is empty") }
        let head = 0..<min(source.byteCount, 512)
        let kind = try source.withBytes(in: head) { (bytes: RawSpan) -> FileKind? in
            if bytes.starts(with: [0x50, 0x4B]) { return .zip }
            if SafeTensorsFile.matches(bytes) { return .safetensors }
            return nil
        }
        guard let kind else {
            throw TensorFileError(
                file: source.name, message: "is of no known format (PyTorch, safetensors, .npy, .npz)")
        }
        self = kind
    }
}
