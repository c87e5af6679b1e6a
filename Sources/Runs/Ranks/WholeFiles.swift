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
    /// The number of galaxies before the rank's own, by the index, where rows of a table without ids follow from it; else
    /// nil.
    public let firstGalaxy: Int?

    enum CodingKeys: String, CodingKey {
        case listing, first, opened
        case firstGalaxy = "first_galaxy"
    }

    init(_ listing: Listing, first: Int, opened: [RunIdentity.File], firstGalaxy: Int? = nil) {
        (self.listing, self.first, self.opened, self.firstGalaxy) = (listing, first, opened, firstGalaxy)
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

extension RankOutputs {
    /// - Throws: `Failure` where shares are whole files, and do not have each file of the listing once, or rows of a table
    ///   were found by other numbers of galaxies than those of the ranks. All ranks are there.
    func checkWholeFiles() throws(Failure) {
        var (end, galaxies) = (0, 0)
        for part in parts {
            guard let files = part.sidecar.wholeFiles else { return }
            guard files.first == end, part.sidecar.rank < worldSize - 1 || files.range.upperBound == files.listing.files
            else {
                throw Failure(
                    part.name,
                    "expected the files from \(end) on of \(files.listing.files), counted from 0, found "
                        + "\(files.range.lowerBound) to \(files.range.upperBound): run rank \(part.sidecar.rank) again")
            }
            guard files.firstGalaxy ?? galaxies == galaxies else {
                throw Failure(
                    part.name,
                    "has the table's rows from \(files.firstGalaxy ?? 0) on, but the ranks before it have \(galaxies) "
                        + "galaxies: run 'cai index' again, and then rank \(part.sidecar.rank)")
            }
            end = files.range.upperBound
            galaxies = galaxies.cappedSum(part.sidecar.total)
        }
        guard galaxies < Int.max else { throw Failure("the ranks' numbers of galaxies are too large to be added") }
    }
}
