import FoundationEssentials
import Inference
import Platform

/// `OUT.rank.json` beside a rank's output: its galaxies, what they were computed from and by, and the output's checksum. It
/// is written last: a rank is done when it exists. It holds no time of the run and no name of a machine.
public struct RankSidecar: Sendable, Equatable, Codable {
    public static let ending = ".rank.json"

    public struct Output: Sendable, Equatable, Codable {
        /// Without folders: the output lies beside the sidecar.
        public let name: String
        public let bytes: Int
        public let sha256: String

        init(name: String, bytes: Int, sha256: String) { (self.name, self.bytes, self.sha256) = (name, bytes, sha256) }

        /// The complete file at `path`.
        /// - Parameter output: its name to be, with or without folders.
        init(at path: String, of output: String) throws(Failure) {
            let (bytes, sha256) = try SHA256Digest.ofFile(path)
            self.init(name: InputList.lastComponent(output), bytes: bytes, sha256: sha256)
        }
    }

    public let rank: Int
    public let worldSize: Int
    /// Its galaxies among `total`, from the first to before the end; 0 to `total` where shares are whole files.
    public let start: Int
    public let end: Int
    /// Galaxies of all ranks; where shares are whole files, the rank's own.
    public let total: Int
    /// nil where shares are galaxies.
    public let wholeFiles: WholeFiles?
    /// The files of all ranks; where shares are whole files, the rank's own.
    public let inputs: InputsIdentity
    /// `InputsIdentity.written`; nil of older sidecars.
    public let written: String?
    public let weights: WeightsIdentity
    /// Options that redshifts or rows depend on, by their names.
    public let settings: [String: String]
    /// `RunRecord.choices`; nil of older sidecars.
    public let choices: [String: String]?
    public let maker: Maker
    public let output: Output

    enum CodingKeys: String, CodingKey {
        case rank, start, end, total, inputs, weights, settings, choices, output
        case written = "inputs_written"
        case worldSize = "world_size"
        case wholeFiles = "whole_files"
        case maker = "made_by"
    }

    public init(
        share: RankShare, total: Int, wholeFiles: WholeFiles? = nil, inputs: InputsIdentity, written: String? = nil,
        weights: WeightsIdentity, settings: [String: String] = [:], choices: [String: String]? = nil, maker: Maker,
        output: Output
    ) {
        let galaxies = Self.galaxies(of: share, total, wholeFiles)
        (rank, worldSize, self.wholeFiles) = (share.rank, share.worldSize, wholeFiles)
        (start, end, self.total) = (galaxies.lowerBound, galaxies.upperBound, total)
        (self.inputs, self.written, self.weights, self.settings) = (inputs, written, weights, settings)
        (self.choices, self.maker, self.output) = (choices, maker, output)
    }

    /// - Parameter name: the sidecar, for errors.
    /// - Throws: `Failure` for an invalid or contradictory sidecar.
    init(_ json: [UInt8], name: String) throws(Failure) {
        do {
            self = try JSONDecoder().decode(RankSidecar.self, from: Data(json))
        } catch DecodingError.keyNotFound(let key, _) {
            throw Failure("\(name): expected the sidecar of a rank's output, found no '\(key.stringValue)'")
        } catch {
            throw Failure("\(name): expected the sidecar of a rank's output, found something else")
        }
        let isNamed = !output.name.isEmpty && !output.name.contains("/") && ![".", ".."].contains(output.name)
        guard let share = RankShare(rank: rank, worldSize: worldSize), total >= 0, output.bytes >= 0, isNamed,
            Self.galaxies(of: share, total, wholeFiles) == start..<max(start, end), start <= end,
            wholeFiles.map({ $0.isValid(galaxies: total) }) ?? true
        else {
            throw Failure(
                "\(name): rank \(rank) of \(worldSize) with galaxies \(start) to \(end) of \(total) contradicts itself")
        }
    }

    private static func galaxies(of share: RankShare, _ total: Int, _ wholeFiles: WholeFiles?) -> Range<Int> {
        wholeFiles == nil ? share.galaxies(of: total) : 0..<max(0, total)
    }

    /// The most bytes that are read; a rank of whole files has a line for each of its files.
    static let mostBytes = 64 << 20

    /// What shares are cut from.
    var unit: ShareUnit { wholeFiles == nil ? .galaxies : .files }

    /// The rank's galaxies.
    var count: Int { end - start }

    /// Keys in alphabetical order.
    var json: [UInt8] {
        get throws(Failure) {
            try JSONFile.encoded(self, pretty: true) + [UInt8(ascii: "\n")]
        }
    }

    /// Writes the sidecar beside the output, which has to exist already.
    /// - Parameter file: the output's name with `ending`.
    public func write(to file: OutputFile) throws(Failure) {
        try file.write(json)
    }
}
