import AstroMAE
import FoundationEssentials
import Inference
import Platform

/// `OUT.run.json` beside an output whose form holds no provenance: what its rows were computed from and by, what was chosen,
/// and the output's checksum, which shows whether the record is still the output's. It holds no time and no name of a machine.
public struct RunRecord: Sendable, Equatable, Codable {
    public static let ending = ".run.json"

    public let galaxies: Int
    public let inputs: InputsIdentity
    /// `InputsIdentity.written`
    public let written: String?
    public let weights: WeightsIdentity
    /// Options that redshifts or rows depend on, by their names.
    public let settings: [String: String]
    /// What was taken from the files, and how: see `RunChoices`.
    public let choices: [String: String]
    public let maker: Maker
    public let output: RankSidecar.Output

    enum CodingKeys: String, CodingKey {
        case galaxies, inputs, weights, settings, choices, output
        case written = "inputs_written"
        case maker = "made_by"
    }

    init(
        galaxies: Int, inputs: InputsIdentity, written: String?, weights: WeightsIdentity, settings: [String: String],
        choices: [String: String], maker: Maker, output: RankSidecar.Output
    ) {
        (self.galaxies, self.inputs, self.written, self.weights) = (galaxies, inputs, written, weights)
        (self.settings, self.choices, self.maker, self.output) = (settings, choices, maker, output)
    }

    /// Of one rank's part.
    init(_ rank: RankSidecar) {
        self.init(
            galaxies: rank.count, inputs: rank.inputs, written: rank.written, weights: rank.weights,
            settings: rank.settings, choices: rank.choices ?? [:], maker: rank.maker, output: rank.output)
    }

    /// Of the joined parts of all ranks; nil where there are none.
    init?(_ ranks: RankOutputs, output: RankSidecar.Output) {
        guard let first = ranks.parts.first?.sidecar, let inputs = ranks.inputs else { return nil }
        var choices = RunChoices.joined(ranks.parts.map { $0.sidecar.choices ?? [:] })
        let mixtures = ranks.mixtures
        if !mixtures.isEmpty { choices["mixed"] = mixtures.joined(separator: "; ") }
        self.init(
            galaxies: ranks.total, inputs: inputs.identity, written: inputs.written, weights: first.weights,
            settings: first.settings, choices: choices, maker: Maker(joining: ranks.parts.map(\.sidecar.maker)),
            output: output)
    }

    /// - Parameter name: the record, for errors.
    /// - Throws: `Failure` for anything else than a record.
    init(_ json: [UInt8], name: String) throws(Failure) {
        do { self = try JSONDecoder().decode(RunRecord.self, from: Data(json)) } catch {
            throw Failure("\(name): expected the record of a run, found something else")
        }
    }

    /// Keys in alphabetical order.
    public var json: [UInt8] {
        get throws(Failure) { try JSONFile.encoded(self, pretty: true) + [UInt8(ascii: "\n")] }
    }

    /// The values that stood for a missing magnitude or redshift; nil where the record does not state them.
    public var missing: MissingValues? { settings["missing"].flatMap { try? MissingValues($0) } }

    /// `weights model.pt (SHA-256 7d8f8a31...), cai 0.1.0, avx2, bf16, missing values -9999,-999`
    public var text: String {
        Provenance.text(
            weights: weights.name, digest: weights.sha256.map { "SHA-256 " + $0 } ?? weights.identity,
            creator: "cai \(maker.version)",
            instructionSet: maker.instructionSet, choices: choices, missing: settings["missing"])
    }

    // MARK: Beside an output

    /// Whether it is the record of an output of that size and digest.
    /// - Parameter sha256: in hexadecimal digits; called where the size is the stated one.
    public func isOf(bytes: Int, sha256: () throws(Failure) -> String) throws(Failure) -> Bool {
        guard bytes == output.bytes else { return false }
        return try sha256() == output.sha256
    }

    /// The record beside a local output, `OUT.run.json`, or a rank's `PART.rank.json`; nil where there is none.
    /// - Parameter warn: called where there is one, but of another output, or damaged: it is then not used.
    public static func beside(_ path: String, warn: (String) -> Void) -> RunRecord? {
        do throws(Failure) {
            guard let record = try read(beside: path) else { return nil }
            let isOwn = try record.isOf(bytes: OpenFile(path: path)?.size ?? -1) { () throws(Failure) in
                try SHA256Digest.ofFile(path).sha256
            }
            guard isOwn else {
                warn("\(path)\(ending): is of another \(record.output.name.shortened()): it is not used")
                return nil
            }
            return record
        } catch {
            warn("\(error): it is not used")
            return nil
        }
    }

    /// The record of an output that is in memory; nil where it is of another one.
    /// - Parameters:
    ///   - json: of the record.
    ///   - name: the record, for warnings.
    public static func of(_ output: [UInt8], _ json: [UInt8], name: String, warn: (String) -> Void) -> RunRecord? {
        do throws(Failure) {
            let record = try RunRecord(json, name: name)
            let isOwn = try record.isOf(bytes: output.count) { () throws(Failure) in
                SHA256Digest.hash(output).hexadecimal
            }
            if isOwn { return record }
            warn("\(name): is of another \(record.output.name.shortened()): it is not used")
        } catch {
            warn("\(error): it is not used")
        }
        return nil
    }

    private static let mostBytes = 1 << 20

    private static func read(beside path: String) throws(Failure) -> RunRecord? {
        if let file = try OpenFile(path: path + ending) {
            return try RunRecord(try file.read(0..<min(mostBytes, file.size)), name: path + ending)
        }
        return try RankOutputs.sidecar(of: path, nil).map { RunRecord($0) }
    }
}

/// What a run took from its files and its weights, whether it was named or found: the members of `RunRecord.choices`. Where
/// files or ranks differ in one, all are stated, in alphabetical order.
enum RunChoices {
    private static let separator = "; "
    private static let mostLength = 400

    /// - Parameters:
    ///   - partitions: of the run, or of one rank.
    ///   - network: its choices.
    static func made(
        _ partitions: [PartitionReader], _ layout: GalaxyLayout, with network: [String: String]
    ) -> [String: String] {
        var values: [String: Set<String>] = [:]
        for partition in partitions {
            for (role, name) in partition.names { values[role, default: []].insert(name) }
        }
        var choices = values.mapValues { $0.sorted().joined(separator: separator).shortened(to: mostLength) }
        choices["bands"] = layout.statedBands ?? layout.bandNames
        choices["missing"] = layout.missing.text
        if let table = layout.table {
            choices["table"] = table.name
            choices["join"] = table.hasIDs ? table.idName ?? GalaxyLayout.usualObjectID : "rows"
        }
        return choices.merging(network) { $1 }
    }

    /// What is taken from the weights, and how it computes.
    /// - Parameter network: its name, where it was chosen among several in the weights.
    static func made(_ model: RedshiftModel, network: String? = nil) -> [String: String] {
        var choices = ["num_heads": "\(model.config.encoder.numHeads)"]
        choices["precision"] = model.precision == .float32 ? nil : model.precision.rawValue
        choices["network"] = network
        return choices
    }

    /// The choices of all ranks, each of which states those of its own files.
    static func joined(_ ranks: [[String: String]]) -> [String: String] {
        ranks.reduce(into: [String: Set<String>]()) { all, choices in
            for (name, value) in choices { all[name, default: []].insert(value) }
        }
        .mapValues { values in
            guard values.count > 1 else { return values.first ?? "" }
            return Set(values.flatMap { $0.split(separator: separator).map(String.init) }).sorted()
                .joined(separator: separator).shortened(to: mostLength)
        }
    }
}
