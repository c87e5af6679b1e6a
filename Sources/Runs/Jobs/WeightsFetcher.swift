import Cloud
import FoundationEssentials
import Glibc
import Inference
import Platform
import TensorFiles

/// Keeps weights from the store on this machine's disk, under their ETag: fetched once, whatever is run afterwards.
struct WeightsFetcher {
    let store: any ObjectStore
    let environment: [String: String]

    /// The object that an `s3://` URL names.
    /// - Parameter setting: what the URL is the value of, for errors.
    static func find(
        _ url: String, in store: any ObjectStore, setting: String
    ) throws(Failure) -> (place: S3Location, info: ObjectInfo) {
        guard let place = S3Location(url: url) else {
            throw Failure("\(setting): expected s3://bucket/key or a path, found '\(url)'")
        }
        let info = try store.head(bucket: place.bucket, key: place.key)
        guard let info else { throw Failure("\(url): expected the weights, found no such object") }
        return (place, info)
    }

    /// - Returns: the path of a file that is whole.
    func fetch(_ place: S3Location, _ info: ObjectInfo) throws(Failure) -> String {
        let name = store.name(bucket: place.bucket, key: place.key)
        let tag = String(info.etag.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" })
        let path = "\(TemporaryFile.folder(environment))/cai-weights-\(tag)-\(info.size)"
        if isKept(path, size: info.size) { return path }
        do throws(Failure) {
            let file = try AtomicFile(path: path)
            let window = Self.piece * Self.piecesAtOnce
            for start in stride(from: 0, to: info.size, by: window) {
                for piece in try get(place, info, start..<min(start + window, info.size)) { try file.write(piece) }
            }
            try file.commit()
        } catch {
            throw error.reading(name)
        }
        return path
    }

    private func get(_ place: S3Location, _ info: ObjectInfo, _ range: Range<Int>) throws(Failure) -> [[UInt8]] {
        let starts = Array(stride(from: range.lowerBound, to: range.upperBound, by: Self.piece))
        let store = store
        return try ParallelLoop.threads(Self.piecesAtOnce).map(starts.count) { index throws(Failure) in
            let piece = starts[index]..<min(starts[index] + Self.piece, range.upperBound)
            return try store.get(bucket: place.bucket, key: place.key, range: piece, etag: info.etag)
        }
    }

    /// Whether the file is there, and nobody else's: the folder may be everybody's.
    private func isKept(_ path: String, size: Int) -> Bool {
        guard let file = try? OpenFile(path: path) else { return false }
        return file.size == size && file.owner == getuid()
    }

    private static let piece = 8 << 20
    private static let piecesAtOnce = 8
}
