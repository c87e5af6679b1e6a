import AstroMAE
import Inference
import Report
import TensorFiles

/// What `inspect` tells of a file. Keys that do not apply are left out of the JSON object.
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
    let metadata: [String: String]?
    /// For a partition: its rows.
    let galaxies: Int?
    /// For a checkpoint: the network that its tensors make.
    let config: ModelConfig?
    /// For a checkpoint: its trainable parameters without `cls_token` and `pos_embed`.
    let parameters: Int?
    /// For a checkpoint: what had to be assumed, because the file does not tell.
    let notices: [String]?
    /// For a checkpoint whose tensors do not make a redshift network: why.
    let problem: String?

    enum CodingKeys: String, CodingKey {
        case file, format, bytes, tensors, metadata, galaxies, config, parameters, notices, problem
        case rootClass = "class"
    }

    init(_ file: TensorFile) {
        self.file = file.name
        format = file.format.rawValue
        bytes = file.byteCount
        rootClass = file.classes[""]
        tensors = file.tensors.map { Tensor(name: $0.name, dtype: $0.dtype.rawValue, shape: $0.shape) }
        metadata = file.metadata.isEmpty ? nil : file.metadata
        galaxies = file.galaxyCount
        guard file.tensors.contains(where: { $0.name.hasSuffix("patch_embed.proj.weight") }) else {
            (config, parameters, notices, problem) = (nil, nil, nil, nil)
            return
        }
        do {
            let model = try RedshiftModel(weights: file)
            config = model.config
            (parameters, notices, problem) = (model.parameterCount, model.notices, nil)
        } catch {
            (config, parameters, notices) = (nil, nil, nil)
            problem = "\(error)"
        }
    }

    /// The same for people, a line a fact, a line a tensor.
    var text: String {
        var lines = [
            "\(file): \(format), \(Numbers.bytes(bytes)), \(Numbers.counted(tensors.count, "tensor"))"
        ]
        if let rootClass { lines.append("class       \(rootClass)") }
        for (key, value) in (metadata ?? [:]).sorted(by: { $0.key < $1.key }) {
            lines.append("metadata    \(key): \(value)")
        }
        if let galaxies { lines.append("galaxies    \(Numbers.grouped(galaxies))") }
        if let parameters {
            lines.append("parameters  \(Numbers.grouped(parameters)) (without cls_token and pos_embed)")
        }
        lines += (config?.lines ?? []).map { "network     " + $0 }
        lines += (notices ?? []).map { "notice      " + $0 }
        if let problem { lines.append("problem     no redshift network: \(problem)") }
        lines += tensors.map { tensor in
            "  \(tensor.dtype.padded(to: 5))\("[\(tensor.shape.map(String.init).joined(separator: ", "))]".padded(to: 18))"
                + tensor.name
        }
        return lines.map { $0.printable + "\n" }.joined()
    }
}

extension ModelConfig {
    /// The network in a few lines.
    fileprivate var lines: [String] {
        var block =
            "\(depth) x \(blockKind.rawValue), width \(width), \(Numbers.counted(numHeads, "head")), MLP \(mlpWidth)"
        if let module = parallelConvolution {
            block += ", PCM kernel \(module.kernel), \(module.groups) groups, hidden \(module.hidden)"
        }
        return [
            "images [\(imageShape.map(String.init).joined(separator: ", "))], patches of \(patchSize)", block,
            "branches \(vitFeatures) + \(inceptionFeatures) + \(magnitudeFeatures), fused in \(fusionWidth)",
            "eps \(layerNormEps) (LayerNorm), \(batchNormEps) (BatchNorm)",
        ]
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}
