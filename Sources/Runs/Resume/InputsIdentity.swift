import Cloud
import Inference
import Platform
import TensorFiles

/// What ranks have to agree on about their inputs, and a digest of it that is short however many there are.
public struct InputsIdentity: Sendable, Equatable, Codable {
    public let files: Int
    public let bytes: Int
    public let galaxies: Int
    /// Over a line for each file, in their order: what its rows are called, bytes, galaxies, and its version.
    public let sha256: String

    /// - Parameter files: all that were opened, in their order, whichever rank runs them.
    public init(_ files: [RunIdentity.File]) {
        var digest = SHA256Stream()
        for file in files {
            digest.update("\(file.source)\t\(file.label)\t\(file.bytes)\t\(file.galaxies)\t\(file.version)\n")
        }
        self.files = files.count
        bytes = files.reduce(0) { $0 + $1.bytes }
        galaxies = files.reduce(0) { $0 + $1.galaxies }
        sha256 = digest.finish()
    }

    /// When the files were written, as a digest; objects have no such time. Copies may have other ones, and so may a file
    /// that was mended: ranks that saw different ones are not joined without a word.
    public static func written(_ files: [RunIdentity.File]) -> String {
        var digest = SHA256Stream()
        for file in files { digest.update("\(file.stamp ?? "")\n") }
        return String(digest.finish().prefix(16))
    }

    /// `12 files of 1.2 GB, 5,113 galaxies, 1a2b3c4d`
    var text: String {
        "\(files) \(files == 1 ? "file" : "files"), \(bytes) bytes, \(galaxies) galaxies, digest \(sha256.prefix(8))"
    }
}

/// A file, wherever it lies, as something that can be told from others.
public enum FileIdentity {
    /// Bytes at either end that a file is known by. A zip (.pt, .npz) has the checksums of all that is in it at its end.
    private static let endSize = 64 << 10
    /// Bytes that are read at a time.
    static let pieceSize = 4 << 20

    /// `crc32:` of both ends of a file: files that are copied have it still, other than times and numbers of the system.
    static func ends(of path: String) throws(Failure) -> (bytes: Int, text: String) {
        let (count, checksum) = try CRC32.ofEnds(path, length: endSize)
        return (count, "crc32:" + String(checksum.value, radix: 16))
    }

    /// The SHA-256 of all of it.
    public static func sha256(of path: String) throws(Failure) -> (bytes: Int, text: String) {
        let (bytes, sha256) = try SHA256Digest.ofFile(path)
        return (bytes, sha256)
    }

    static func sha256(ofLines lines: [String]) -> String {
        var digest = SHA256Stream()
        for line in lines { digest.update(line + "\n") }
        return digest.finish()
    }

    /// Of weights: an object's ETag, a file's SHA-256.
    /// - Parameter sha256: of the file, in hexadecimal digits.
    public static func weights(
        _ name: String, sha256: String, store: (any ObjectStore)?
    ) throws(Failure) -> String {
        guard let store, S3Location.isLocation(name) else { return "sha256:" + sha256 }
        do throws(Failure) {
            let place = try S3Location(name)
            return "etag:" + (try store.head(bucket: place.bucket, key: place.key)?.etag ?? "")
        } catch {
            throw error.reading(name)
        }
    }
}
