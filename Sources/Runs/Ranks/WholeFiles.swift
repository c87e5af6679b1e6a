import Inference
import Platform

/// What a rank of whole files (`--share files`) states in its sidecar: its files, and the listing that shares were cut from.
///
/// Such a rank does not know the galaxies of other ranks. Its sidecar counts galaxies from its own first one, and the
/// merge, which has all files, identifies the inputs as a single command does.
public struct WholeFiles: Sendable, Equatable, Codable {
    /// The files of all ranks, as they were listed.
    public struct Listing: Sendable, Equatable, Codable {
        public let files: Int
        public let bytes: Int
        /// Over one line for each file, in their order: source and label of its rows, bytes, and an object's ETag.
        public let sha256: String

        var text: String { "\(files) \(files == 1 ? "file" : "files"), \(bytes) bytes, digest \(sha256.prefix(8))" }
    }

    public let listing: Listing
    /// The index of the rank's first file among those of all ranks.
    public let first: Int
    /// The rank's files, as they were opened.
    public let opened: [RunIdentity.File]

    init(_ listing: Listing, first: Int, opened: [RunIdentity.File]) {
        (self.listing, self.first, self.opened) = (listing, first, opened)
    }

    /// Indices of the rank's files among those of all ranks.
    public var range: Range<Int> { first..<first + opened.count }

    /// Whether the files are some of the listing, and have as many galaxies.
    func isValid(galaxies: Int) -> Bool {
        first >= 0 && first <= listing.files && opened.count <= listing.files - first && listing.bytes >= 0
            && opened.allSatisfy { $0.bytes >= 0 && $0.galaxies >= 0 }
            && opened.reduce(0) { $0.cappedSum($1.galaxies) } == galaxies
    }
}

extension WholeFiles.Listing {
    /// - Parameter listed: size and ETag of each file of `inputs`: see `GalaxyInputs.listed`.
    init(_ inputs: GalaxyInputs, _ listed: [(bytes: Int, etag: String?)]) {
        let lines = zip(inputs.files, listed).map { "\($0.source)\t\($0.label)\t\($1.bytes)\t\($1.etag ?? "")" }
        self.init(
            files: lines.count, bytes: listed.reduce(0) { $0.cappedSum($1.bytes) },
            sha256: FileIdentity.sha256(ofLines: lines))
    }
}
