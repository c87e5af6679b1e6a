import AstroMAE
import Inference
import Platform
import TensorFiles

/// The output of `inspect` for a file. Keys that do not apply are left out of the JSON object.
struct FileContents {
    private let file: TensorFile
    /// For a partition: its rows.
    private let galaxies: Int?
    /// For a checkpoint: which network its tensors make, its sizes, and these in a few lines.
    private let network: (kind: NetworkKind, network: any CutoutNetwork, config: any Encodable, lines: [String])?
    /// For a checkpoint whose tensors do not make the network: why.
    private let problem: String?

    init(_ file: TensorFile, network name: String? = nil) {
        self.file = file
        galaxies = file.galaxyCount
        guard file.tensors.contains(where: { $0.name.hasSuffix("patch_embed.proj.weight") }) else {
            (network, problem) = (nil, nil)
            return
        }
        var kind = NetworkKind.redshift
        do throws(Failure) {
            kind = try NetworkKind.of(file, network: name) ?? .redshift
            switch kind {
            case .redshift:
                let model = try RedshiftModel(
                    weights: file, network: name, assumesHeads: true, on: .threads(Processors.available))
                network = (kind, model, model.config, model.config.lines)
            case .autoencoder:
                let model = try MaskedAutoencoder(weights: file, network: name, assumesHeads: true)
                network = (kind, model, model.config, model.config.lines)
            }
            problem = nil
        } catch {
            (network, problem) = (nil, "no \(kind.rawValue): \(error)")
        }
    }

    /// Columns of texts, and how many there are in each.
    private var texts: [String: Int] { Dictionary(file.texts.map { ($0.name, $0.count) }, uniquingKeysWith: { $1 }) }

    /// The network's bands; nil where they are neither stated nor the usual five.
    private var bands: Bands? {
        guard let network = network?.network else { return nil }
        if let stated = network.statedBands { return Bands(names: stated.letters, isStated: true) }
        let usual = GalaxyLayout.networkBands
        return network.imageShape[0] == usual.count ? Bands(names: usual, isStated: false) : nil
    }

    /// The bands in the network's order, and whether the metadata state them or they are assumed.
    private struct Bands: Encodable {
        let names: String
        let isStated: Bool
        var text: String {
            NetworkBands.list(names)
                + (isStated
                    ? " (metadata 'bands')" : " (assumed: no metadata 'bands'; cai convert --bands writes them)")
        }
        private enum CodingKeys: String, CodingKey { case names, isStated = "stated" }
    }

    var json: JSONObject {
        let tensors = file.tensors.map { tensor -> JSONObject in
            ["name": tensor.name, "dtype": tensor.dtype.rawValue, "shape": tensor.shape]
        }
        return [
            "file": file.name, "format": file.format.rawValue, "bytes": file.byteCount, "class": file.classes[""],
            "tensors": tensors, "texts": file.texts.isEmpty ? nil : texts,
            "refusals": file.refusals.isEmpty ? nil : file.refusals,
            "metadata": file.metadata.isEmpty ? nil : file.metadata, "galaxies": galaxies,
            "network": network?.kind.rawValue, "config": network?.config,
            "parameters": network?.network.parameterCount, "warnings": network?.network.warnings, "bands": bands,
            "checked": network?.network.checks, "problem": problem,
        ]
    }

    /// The same for people, a line a fact, a line a tensor.
    var text: String {
        let count = Numbers.counted(file.tensors.count, "tensor")
        var lines = ["\(file.name): \(file.format.rawValue), \(Numbers.bytes(file.byteCount)), \(count)"]
        if let rootClass = file.classes[""] { lines.append("class       \(rootClass)") }
        for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
            lines.append("metadata    \(key): \(value)")
        }
        if let galaxies { lines.append("galaxies    \(Numbers.grouped(galaxies))") }
        if let (kind, network, _, sizes) = network {
            let without = kind == .redshift ? "cls_token and pos_embed" : "tokens and positions"
            lines.append("parameters  \(Numbers.grouped(network.parameterCount)) (without \(without))")
            lines += ([kind.rawValue] + sizes).map { "network     " + $0 }
            if let bands { lines.append("bands       " + bands.text) }
            lines += network.warnings.map { "warning     " + $0 }
            lines += network.checks.map { "checked     " + $0 }
        }
        if let problem { lines.append("problem     \(problem)") }
        func entry(_ type: String, _ shape: String, _ name: String) -> String {
            "  \(type.padded(to: 5))\("[\(shape)]".padded(to: 18))\(name)"
        }
        lines += file.tensors.map { tensor in
            entry(tensor.dtype.rawValue, tensor.shape.map(String.init).joined(separator: ", "), tensor.name)
        }
        for (name, count) in texts.sorted(by: { $0.key < $1.key }) { lines.append(entry("text", "\(count)", name)) }
        for (name, reason) in file.refusals.sorted(by: { $0.key < $1.key }) {
            lines.append("not read    \(name): \(reason)")
        }
        return lines.map { $0.printable + "\n" }.joined()
    }
}

extension ModelConfig {
    /// The network in a few lines.
    fileprivate var lines: [String] {
        [
            encoder.imageLine, encoder.blockLine,
            "branches \(vitFeatures) + \(inceptionFeatures) + \(magnitudeFeatures), fused in \(fusionWidth)",
            encoder.epsilonLine,
        ]
    }
}

extension AutoencoderConfig {
    fileprivate var lines: [String] {
        [encoder.imageLine, encoder.blockLine, "decoder " + decoder.line, encoder.epsilonLine]
    }
}

extension EncoderConfig {
    fileprivate var imageLine: String {
        "images [\(imageShape.map(String.init).joined(separator: ", "))], patches of \(patchSize)"
    }

    fileprivate var blockLine: String {
        var block =
            "\(depth) x \(blockKind.rawValue), width \(width), \(Numbers.counted(numHeads, "head")), MLP \(mlpWidth)"
        if let module = parallelConvolution {
            block += ", PCM kernel \(module.kernel), \(module.groups) groups, hidden \(module.hidden)"
        }
        return block
    }

    fileprivate var epsilonLine: String { "eps \(layerNormEps) (LayerNorm), \(batchNormEps) (BatchNorm)" }
}

extension AutoencoderConfig.Decoder {
    fileprivate var line: String {
        "\(depth) x Block, width \(width), \(Numbers.counted(numHeads, "head")), MLP \(mlpWidth)"
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
