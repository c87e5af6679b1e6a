import AstroMAE
import FoundationEssentials
import Inference
import Platform
import TensorFiles

/// Everything that the rows of an output depend on. A run resumes the journal of another one with the same identity.
public struct RunIdentity: Sendable, Equatable, Codable {
    /// A file of galaxies as it was opened.
    public struct File: Sendable, Equatable, Codable {
        /// Its name in predictions.
        let source: String
        /// The prefix of its galaxies' ids.
        let label: String
        let bytes: Int
        let galaxies: Int
        /// An object's ETag, or checksums of a file's ends.
        let version: String
        /// When it was written; nil of objects.
        let stamp: String?
        /// SHA-256 of the checksums that the file states of its contents; nil of a format without checksums.
        let checksums: String?

        /// Whether sizes, names and versions are equal.
        func isSame(as other: File) -> Bool {
            (source, label, bytes) == (other.source, other.label, other.bytes)
                && (galaxies, version) == (other.galaxies, other.version)
        }
    }

    /// The run's galaxies among those of all ranks.
    let start: Int
    let end: Int
    /// Row of the first one in the first file.
    let firstRow: Int
    /// The files that have any of them, in their order.
    let files: [File]
    let weights: WeightsIdentity
    /// Options that redshifts or rows depend on, by their names.
    let settings: [String: String]
    let maker: Maker

    /// - Parameters:
    ///   - files: the files that have galaxies of the run.
    ///   - first: row of the run's first galaxy in the first file.
    ///   - count: of the run's galaxies.
    ///   - start: the run's first galaxy among those of all ranks.
    public init(
        _ files: [File], first: Int, count: Int, start: Int, weights: WeightsIdentity, settings: [String: String],
        maker: Maker
    ) {
        (self.start, end, firstRow) = (start, start + count, first)
        (self.files, self.weights, self.settings, self.maker) = (files, weights, settings, maker)
    }

    /// - Parameters:
    ///   - json: of a journal.
    ///   - name: the journal, for errors.
    public init(json: String, name: String) throws(Failure) {
        guard let identity = try? JSONDecoder().decode(RunIdentity.self, from: Data(json.utf8)) else {
            throw Failure("\(name): has no identity of a run: remove it to start again")
        }
        self = identity
    }

    /// One line.
    public var json: String { (try? JSONFile.encoded(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}" }

    /// Checks that rows of `earlier` are rows of this run. Of files, only names and numbers of galaxies are compared.
    /// - Parameter name: the journal.
    /// - Throws: `Failure` naming the first thing that differs.
    public func check(_ earlier: RunIdentity, name: String) throws(Failure) {
        let left = EarlierRun(name: name)
        try left.check(was: (earlier.weights, earlier.settings, earlier.maker), is: (weights, settings, maker))
        func rows(_ files: [File]) -> [[String]] { files.map { [$0.source, $0.label, "\($0.galaxies)"] } }
        try left.check("inputs", was: rows(earlier.files), is: rows(files)) { files in
            "\(files.count) \(files.count == 1 ? "file" : "files") (\(files.first?.first ?? "none") ...)"
        }
        try left.check(
            "galaxies", was: [earlier.start, earlier.end, earlier.firstRow], is: [start, end, firstRow]
        ) { "\($0[0]) to \($0[1])" }
    }

    /// Indices of the files that may have changed: those with another modification time, other bytes at their ends or other
    /// checksums.
    public func doubtfulFiles(since earlier: RunIdentity) -> [Int] {
        zip(earlier.files, files).enumerated().filter { _, pair in
            let (then, now) = pair
            return then.stamp != now.stamp || !then.isSame(as: now) || then.checksums != now.checksums
        }
        .map(\.offset)
    }

    /// Whether a file states the same checksums as before. Where they were compared then, and are compared again now, the
    /// galaxies are the same.
    /// - Parameter file: its index among the inputs.
    public func statesSame(_ file: Int, as earlier: RunIdentity) -> Bool {
        files[file].checksums != nil && files[file].checksums == earlier.files[file].checksums
    }

    /// Checks that finished rows are of the files as they are now. A file without finished rows may have been repaired.
    /// - Parameter name: the journal.
    /// - Throws: `Failure` naming a file that has changed and has finished rows.
    public func checkFiles(
        since earlier: RunIdentity, sections: [GalaxyRun.Section], finished: FinishedGalaxies, name: String
    ) throws(Failure) {
        for ((then, now), section) in zip(zip(earlier.files, files), sections) where !then.isSame(as: now) {
            guard finished.gaps(in: section.places) == [section.places] else {
                throw Failure(
                    "\(name): \(now.source) is not the file that finished rows are of: expected \(then.bytes) bytes, "
                        + "\(then.version.shortened()), found \(now.bytes), \(now.version)")
            }
        }
    }
}

/// Weights as two runs compare them.
public struct WeightsIdentity: Sendable, Equatable, Codable {
    /// As it was given; not compared.
    public let name: String
    /// `sha256:` and the digest of the file. Older sidecars have `etag:` and an object's ETag.
    public let identity: String

    /// The same weights, identified in the way that an earlier run has identified its own.
    /// - Parameter etag: of the object now; nil of a local file.
    func comparable(with earlier: WeightsIdentity, etag: String?) -> WeightsIdentity {
        guard let etag, earlier.identity.hasPrefix(Self.etagPrefix) else { return self }
        return WeightsIdentity(name: name, identity: Self.etagPrefix + etag)
    }

    private static let etagPrefix = "etag:"
}

extension WeightsIdentity {
    /// - Parameter sha256: of the file, in hexadecimal digits.
    init(name: String, sha256: String) { self.init(name: name, identity: Self.sha256Prefix + sha256) }

    /// Of the file, in hexadecimal digits; nil where it is identified in another way.
    var sha256: String? {
        guard identity.hasPrefix(Self.sha256Prefix), identity.count > Self.sha256Prefix.count else { return nil }
        return String(identity.dropFirst(Self.sha256Prefix.count))
    }

    private static let sha256Prefix = "sha256:"
}

/// What computed redshifts.
public struct Maker: Sendable, Equatable, Codable {
    /// Of the program.
    public let version: String
    public let instructionSet: String
    public let gemm: String
    /// `Arithmetic`; nil of versions without it.
    public let arithmetic: String?

    init(version: String, instructionSet: String, gemm: String, arithmetic: String?) {
        (self.version, self.instructionSet, self.gemm) = (version, instructionSet, gemm)
        self.arithmetic = arithmetic
    }

    /// Of joined parts: where they differ, all values are stated, in alphabetical order.
    init(joining parts: [Maker]) {
        func all(_ values: [String]) -> String { Set(values).subtracting([""]).sorted().joined(separator: "; ") }
        self.init(
            version: all(parts.map(\.version)), instructionSet: all(parts.map(\.instructionSet)),
            gemm: all(parts.map(\.gemm)),
            arithmetic: parts.contains { $0.arithmetic != nil } ? all(parts.map(\.bits)) : nil)
    }

    /// What bits depend on: `arithmetic`, or of versions without it what they stated.
    var bits: String { arithmetic ?? "none stated (\(gemm), \(instructionSet), cai \(version))" }

    /// This program with that network.
    init(_ model: RedshiftModel) {
        version = Release.version
        (instructionSet, gemm) = (model.instructionSet.rawValue, model.gemm.rawValue)
        arithmetic = model.arithmetic.description
    }

    enum CodingKeys: String, CodingKey {
        case version, gemm, arithmetic
        case instructionSet = "instruction_set"
    }
}
