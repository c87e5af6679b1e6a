import TestSupport

@testable import AstroMAE
@testable import Platform
@testable import TensorFiles

extension FuzzTarget {
    /// Weights: a tensor a line (`blocks.0.norm1.weight 64`, of type f16 after `!`), an attribute (`@blocks.0.attn
    /// num_heads 2`) or metadata (`#num_heads 2`). All elements have the same small value. A pickled module is a line with
    /// its path, its class and what it hides (`$blocks.0.attn net.Attention act=torch.nn.functional.relu hook hidden
    /// forward`; the root's path is `.`), and a line `=model_ema` names the network. An accepted network is loaded and
    /// predicts one galaxy, and has the bands that it states.
    static let checkpoint = FuzzTarget(
        "checkpoint", maximumLength: 32_768,
        seeds: {
            try
                ([
                    "tiny/normalcell.pt", "tiny/plain-vit.pt", "tiny/kernel3.pt", "mae/cell.safetensors",
                    "mae/plain.safetensors",
                ])
                .map { Array((try WeightsText.text(of: TensorFile.open(path: Fixture.path($0))) + "\n=.").utf8) }
                + Seeds.texts(
                    "a.patch_embed.proj.weight 8 5 4 4\nb.patch_embed.proj.weight 8 5 4 4\n=a\n=b",
                    "patch_embed.proj.weight 8 5 4 4\npos_embed 1 17 8\n#bands grizy\n$. net.Net hook\n=.",
                    "m.patch_embed.proj.weight 8 5 4 4\n$. net.R\n$m net.Net\n$x torch.nn.modules.activation.ReLU\n=m")
        },
        run: { bytes in
            guard let (file, names) = WeightsText.file(bytes) else { return }
            for name in [nil] + names { run(file, network: name) }
        })

    private static func run(_ file: TensorFile, network name: String?) {
        do throws(Failure) {
            let model = try RedshiftModel(weights: file, network: name, assumesHeads: true)
            if let bands = model.statedBands?.letters {
                Promise.keep(bands.count == model.magnitudeCount, "bands are not the network's")
            }
            (model.warnings + model.checks).forEach(Promise.line)
            var workspace = try Workspace(for: model, capacity: 1)
            let images = [Float](repeating: 0.5, count: model.imageCount)
            let magnitudes = [Float](repeating: 20, count: model.magnitudeCount)
            var redshifts: [Float] = [0]
            var span = redshifts.mutableSpan
            model.predict(images: images.span, magnitudes: magnitudes.span, into: &span, workspace: &workspace)
        } catch {
            Promise.line(error.description)
        }
        do throws(Failure) {
            let model = try MaskedAutoencoder(weights: file, network: name, assumesHeads: true)
            Promise.keep(model.config.patches > 0, "no patches")
        } catch {
            Promise.line(error.description)
        }
    }
}

/// Weights described by lines.
private enum WeightsText {
    /// Networks with more elements take too long.
    private static let mostElements = 1 << 19

    static func text(of file: TensorFile) -> String {
        var lines = file.tensors.map { tensor in ([tensor.name] + tensor.shape.map { "\($0)" }).joined(separator: " ") }
        for (path, attributes) in file.attributes.sorted(by: { $0.key < $1.key }) {
            for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
                switch value {
                case .int(let number) where ["num_heads"].contains(name): lines.append("@\(path) \(name) \(number)")
                case .double(let number) where ["eps", "scale"].contains(name):
                    lines.append("@\(path) \(name) \(number)")
                default: break
                }
            }
        }
        for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) { lines.append("#\(key) \(value)") }
        lines += file.modules.map { "$\($0.path.isEmpty ? "." : $0.path) \(file.classes[$0.path] ?? "")" }
        return lines.joined(separator: "\n")
    }

    /// nil if it is too large.
    static func file(_ text: [UInt8]) -> (file: TensorFile, networks: [String])? {
        var modules: [PickledModule] = []
        var classes: [String: String] = [:]
        var networks: [String] = []
        var tensors: [TensorView] = []
        var attributes: [String: [String: Attribute]] = [:]
        var metadata: [String: String] = [:]
        var names = Set<String>()
        var total = 0
        for line in text.split(separator: 10).prefix(600) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
            guard let first = words.first else { continue }
            if first.hasPrefix("@"), words.count == 3 {
                let value = Int(words[2]).map { Attribute.int($0) } ?? Double(words[2]).map { .double($0) }
                attributes[String(first.dropFirst()), default: [:]][words[1]] = value ?? .string(words[2])
            } else if first.hasPrefix("$"), words.count > 1 {
                let path = first == "$." ? "" : String(first.dropFirst())
                guard classes[path] == nil else { continue }
                classes[path] = words[1]
                var module = PickledModule(path: path)
                for word in words.dropFirst(2) {
                    let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
                    switch parts.count {
                    case 2: module.callables[parts[0]] = parts[1]
                    case 1 where word == "forward": module.hasOwnForward = true
                    case 1 where word == "hook": module.hooks.append("net.hook")
                    default: module.hiddenTensors.append(word)
                    }
                }
                modules.append(module)
            } else if first.hasPrefix("=") {
                if networks.count < 2 { networks.append(String(first.dropFirst())) }
            } else if first.hasPrefix("#"), words.count == 2 {
                metadata[String(first.dropFirst())] = words[1]
            } else {
                let dtype: DType = first.hasPrefix("!") ? .f16 : .f32
                let shape = words.dropFirst().compactMap { Int($0) }
                guard let count = RowSource.elements(shape), names.insert(first).inserted else { continue }
                total += count
                guard total <= mostElements else { return nil }
                tensors.append(
                    TensorView(
                        name: first.hasPrefix("!") ? String(first.dropFirst()) : first, dtype: dtype, shape: shape,
                        strides: TensorLayout.rowMajorStrides(shape) ?? [], byteOffset: 0,
                        source: Constant(byteCount: count * dtype.byteCount)))
            }
        }
        let file = TensorFile(
            name: "input", format: .safetensors, byteCount: 4 * total, tensors: tensors, classes: classes,
            attributes: attributes, modules: modules, metadata: metadata)
        return (file, networks)
    }

    /// Repeated bytes: 0.0078 in float32, 1.1 in float16.
    private struct Constant: ByteSource {
        let name = "input"
        let byteCount: Int

        func withBytes<Result>(
            in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try check(range)
            let pattern: [UInt8] = [0, 0, 0, 0x3C]
            let bytes = range.map { pattern[$0 & 3] }
            return try MemorySource(name: name, bytes: bytes).withBytes(in: 0..<bytes.count, body)
        }
    }
}
