import Inference
import Platform

/// The inputs that ranks have to agree on, with a digest whose length does not depend on the number of files.
public struct InputsIdentity: Sendable, Equatable, Codable {
    public let files: Int
    public let bytes: Int
    public let galaxies: Int
    /// Over one line for each file, in their order: source and label of its rows, bytes, galaxies and version. Of a
    /// fan-out, whose ranks count the galaxies of all their partitions together: key, bytes and ETag.
    public let sha256: String

    /// - Parameter files: all files that were opened, in their order, whichever rank runs them.
    public init(_ files: [RunIdentity.File]) {
        self.init(
            lines: files.map { "\($0.source)\t\($0.label)\t\($0.bytes)\t\($0.galaxies)\t\($0.version)" },
            bytes: files.reduce(0) { $0.cappedSum($1.bytes) },
            galaxies: files.reduce(0) { $0.cappedSum($1.galaxies) })
    }

    /// - Parameter lines: of the digest, one for each file.
    init(lines: [String], bytes: Int, galaxies: Int) {
        (files, self.bytes, self.galaxies) = (lines.count, bytes, galaxies)
        sha256 = FileIdentity.sha256(ofLines: lines)
    }

    /// A digest of the times at which the files were written; objects have none. A copy or a repaired file may have another
    /// time: ranks that saw different times are not merged without a warning.
    public static func written(_ files: [RunIdentity.File]) -> String {
        var digest = SHA256Stream()
        for file in files { digest.update("\(file.stamp ?? "")\n") }
        return String(digest.finish().prefix(16))
    }

    /// `12 files, 1234567 bytes, 5113 galaxies, digest 1a2b3c4d`
    var text: String {
        "\(files) \(files == 1 ? "file" : "files"), \(bytes) bytes, \(galaxies) galaxies, digest \(sha256.prefix(8))"
    }
}

extension GalaxyInputs {
    /// Identifies the files of `partitions`, in their order. The ends of each local file are read.
    /// - Throws: `Failure` where a file cannot be read.
    public func identities(of partitions: [PartitionReader]) throws(Failure) -> [RunIdentity.File] {
        var files: [RunIdentity.File] = []
        for partition in partitions {
            let version = try version(of: partition.path)
            files.append(
                RunIdentity.File(
                    source: partition.source, label: partition.label, bytes: version.bytes, galaxies: partition.count,
                    version: version.text,
                    stamp: stamp(of: partition.path),
                    checksums: partition.statedChecksums.map(FileIdentity.sha256(ofLines:))))
        }
        return files
    }

    /// A file's size in bytes, and an object's ETag or the checksum of a local file's ends, which are read.
    func version(of path: String) throws(Failure) -> (bytes: Int, text: String) {
        if let object = remote?.version(of: path) { return object }
        return try FileIdentity.ends(of: path)
    }

    /// The same without opening the file: of a local file the size alone.
    func listed(_ path: String) throws(Failure) -> (bytes: Int, etag: String?) {
        if let object = remote?.version(of: path) { return (object.bytes, object.text) }
        guard let stamp = FileStamp(path: path) else { throw Failure(.notFound, path, "no such file") }
        return (stamp.size, nil)
    }

    /// When a local file was written; nil of an object.
    func stamp(of path: String) -> String? {
        remote?.version(of: path) == nil ? FileStamp(path: path).map { "\($0)" } : nil
    }
}

/// Digests of files.
public enum FileIdentity {
    /// Bytes at either end whose checksum identifies a file. A zip (.pt, .npz) has the checksums of its contents at its end.
    private static let endSize = 64 << 10

    /// `crc32:` of both ends of a file. A copy has the same, unlike modification times and inode numbers.
    static func ends(of path: String) throws(Failure) -> (bytes: Int, text: String) {
        let (count, checksum) = try CRC32.ofEnds(path, length: endSize)
        return (count, "crc32:" + String(checksum.value, radix: 16))
    }

    static func sha256(ofLines lines: [String]) -> String {
        var digest = SHA256Stream()
        for line in lines { digest.update(line + "\n") }
        return digest.finish()
    }
}
