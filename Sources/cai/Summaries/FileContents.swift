import AstroMAE
import Inference
import Platform
import TensorFiles

/// The output of `inspect` for a file. Keys that do not apply are left out of the JSON object.
struct FileContents: Encodable {
    struct Tensor: Encodable {
        let name: String
        let dtype: String
        let shape: [Int]
    }

    let file: String
    let format: String
    let bytes: Int
    /// Class of the pickled object, where there is one.
    let rootClass: String?
    let tensors: [Tensor]
    /// Columns of texts, and how many there are in each.
    let texts: [String: Int]?
    /// Tensors that cannot be read, and why.
    let refusals: [String: String]?
    let metadata: [String: String]?
    /// For a partition: its rows.
    let galaxies: Int?
    /// For a checkpoint: which network its tensors make, `redshift network` or `masked autoencoder`, and its sizes.
    let network: String?
    let config: NetworkConfig?
    /// For a checkpoint: its trainable parameters without class and mask tokens and positions.
    let parameters: Int?
    /// For a checkpoint: values that had to be assumed, because the file does not state them.
    let notices: [String]?
    /// For a checkpoint whose tensors do not make the network: why.
    let problem: String?

    enum CodingKeys: String, CodingKey {
        case file, format, bytes, tensors, texts, refusals, metadata, galaxies, network, config, parameters, notices,
            problem
        case rootClass = "class"
    }

    init(_ file: TensorFile) {
        self.file = file.name
        format = file.format.rawValue
        bytes = file.byteCount
        rootClass = file.classes[""]
        tensors = file.tensors.map { Tensor(name: $0.name, dtype: $0.dtype.rawValue, shape: $0.shape) }
        texts = file.texts.isEmpty ? nil : Dictionary(file.texts.map { ($0.name, $0.count) }, uniquingKeysWith: { $1 })
        refusals = file.refusals.isEmpty ? nil : file.refusals
        metadata = file.metadata.isEmpty ? nil : file.metadata
        galaxies = file.galaxyCount
        guard file.tensors.contains(where: { $0.name.hasSuffix("patch_embed.proj.weight") }) else {
            (network, config, parameters, notices, problem) = (nil, nil, nil, nil, nil)
            return
        }
        let kind = NetworkKind(file) ?? .redshift
        do {
            let loaded = try Self.load(file, kind)
            (network, config, problem) = (kind.rawValue, loaded.config, nil)
            (parameters, notices) = (loaded.network.parameterCount, loaded.network.notices)
        } catch {
            (network, config, parameters, notices) = (nil, nil, nil, nil)
            problem = "no \(kind.rawValue): \(error)"
        }
    }

    private static func load(
        _ file: TensorFile, _ kind: NetworkKind
    ) throws(Failure) -> (network: any CutoutNetwork, config: NetworkConfig) {
        switch kind {
        case .redshift:
            let model = try RedshiftModel(weights: file)
            return (model, .redshift(model.config))
        case .autoencoder:
            let model = try MaskedAutoencoder(weights: file)
            return (model, .autoencoder(model.config))
        }
    }

    /// The same for people, a line a fact, a line a tensor.
    var text: String {
        var lines = ["\(file): \(format), \(Numbers.bytes(bytes)), \(Numbers.counted(tensors.count, "tensor"))"]
        if let rootClass { lines.append("class       \(rootClass)") }
        for (key, value) in (metadata ?? [:]).sorted(by: { $0.key < $1.key }) {
            lines.append("metadata    \(key): \(value)")
        }
        if let galaxies { lines.append("galaxies    \(Numbers.grouped(galaxies))") }
        if let parameters {
            let without = network == NetworkKind.redshift.rawValue ? "cls_token and pos_embed" : "tokens and positions"
            lines.append("parameters  \(Numbers.grouped(parameters)) (without \(without))")
        }
        lines += ((network.map { [$0] } ?? []) + (config?.lines ?? [])).map { "network     " + $0 }
        lines += (notices ?? []).map { "notice      " + $0 }
        if let problem { lines.append("problem     \(problem)") }
        lines += tensors.map { tensor in
            "  \(tensor.dtype.padded(to: 5))\("[\(tensor.shape.map(String.init).joined(separator: ", "))]".padded(to: 18))"
                + tensor.name
        }
        for (name, count) in (texts ?? [:]).sorted(by: { $0.key < $1.key }) {
            lines.append("  \("text".padded(to: 5))\("[\(count)]".padded(to: 18))\(name)")
        }
        for (name, reason) in (refusals ?? [:]).sorted(by: { $0.key < $1.key }) {
            lines.append("not read    \(name): \(reason)")
        }
        return lines.map { $0.printable + "\n" }.joined()
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
