import FoundationEssentials
import Inference
import Platform
import TensorFiles

/// What lies beside a rank's output, as `OUT.rank.json`: which galaxies it has, what they were made from and by, and the
/// output's checksum. It is written last: a rank is done when it is there. No clock and no machine is in it.
public struct RankSidecar: Sendable, Equatable, Codable {
    public static let ending = ".rank.json"

    /// What a rank's redshifts depend on, other than galaxies and weights.
    public struct Maker: Sendable, Equatable, Codable {
        public let version: String
        public let instructionSet: String
        public let gemm: String

        public init(version: String, instructionSet: String, gemm: String) {
            self.version = version
            self.instructionSet = instructionSet
            self.gemm = gemm
        }

        enum CodingKeys: String, CodingKey {
            case version, gemm
            case instructionSet = "instruction_set"
        }
    }

    public struct Weights: Sendable, Equatable, Codable {
        /// As it was given; not compared.
        public let name: String
        /// `sha256:` and the file's, or `etag:` and an object's.
        public let identity: String

        public init(name: String, identity: String) {
            self.name = name
            self.identity = identity
        }
    }

    public struct Output: Sendable, Equatable, Codable {
        /// Without folders: beside the sidecar, wherever both are moved.
        public let name: String
        public let bytes: Int
        public let sha256: String

        public init(name: String, bytes: Int, sha256: String) {
            self.name = name
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    public let rank: Int
    public let worldSize: Int
    /// Its galaxies among `total`, from the first to before the end.
    public let start: Int
    public let end: Int
    /// Galaxies of all ranks.
    public let total: Int
    public let inputs: InputsIdentity
    /// `InputsIdentity.written`; nil of older sidecars.
    public let written: String?
    public let weights: Weights
    /// Options that redshifts or rows depend on, by their names.
    public let settings: [String: String]
    public let maker: Maker
    public let output: Output

    enum CodingKeys: String, CodingKey {
        case rank, start, end, total, inputs, weights, settings, output
        case written = "inputs_written"
        case worldSize = "world_size"
        case maker = "made_by"
    }

    public init(
        share: RankShare, total: Int, inputs: InputsIdentity, written: String? = nil, weights: Weights,
        settings: [String: String] = [:],
        maker: Maker, output: Output
    ) {
        let galaxies = share.galaxies(of: total)
        (rank, worldSize) = (share.rank, share.worldSize)
        (start, end, self.total) = (galaxies.lowerBound, galaxies.upperBound, total)
        (self.inputs, self.written, self.weights, self.settings) = (inputs, written, weights, settings)
        (self.maker, self.output) = (maker, output)
    }

    /// - Parameter name: what errors call it.
    /// - Throws: `Failure` for what is none, or contradicts itself.
    init(_ json: [UInt8], name: String) throws(Failure) {
        do {
            self = try JSONDecoder().decode(RankSidecar.self, from: Data(json))
        } catch DecodingError.keyNotFound(let key, _) {
            throw Failure("\(name): expected what a rank writes beside its output, found no '\(key.stringValue)'")
        } catch {
            throw Failure("\(name): expected what a rank writes beside its output, found something else")
        }
        let isNamed = !output.name.isEmpty && !output.name.contains("/") && ![".", ".."].contains(output.name)
        guard let share = RankShare(rank: rank, worldSize: worldSize), total >= 0, output.bytes >= 0, isNamed,
            share.galaxies(of: total) == start..<max(start, end), start <= end
        else {
            throw Failure(
                "\(name): rank \(rank) of \(worldSize) with galaxies \(start) to \(end) of \(total) contradicts itself")
        }
    }

    /// Keys in alphabetical order.
    var json: [UInt8] {
        get throws(Failure) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            do {
                return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
            } catch {
                throw Failure("\(output.name)\(Self.ending): cannot be written as JSON")
            }
        }
    }

    /// Writes it beside the output, which has to be there already.
    /// - Parameter place: the output's own name with `ending`.
    public func write(to place: OutputFile) throws {
        let bytes = try json
        try place.write { path throws(Failure) in
            let file = try AtomicFile(path: path)
            try file.write(bytes)
            try file.commit()
        }
    }
}

extension [String: String] {
    /// Options by their names, as a command line has them: `--bands grizu --table t.csv`; `none` where there are none.
    var optionsText: String {
        isEmpty ? "none" : sorted { $0.key < $1.key }.map { "--\($0.key) \($0.value)" }.joined(separator: " ")
    }
}
