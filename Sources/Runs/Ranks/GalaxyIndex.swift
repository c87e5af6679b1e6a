import Cloud
import Inference
import Platform

/// What `cai index` writes: the number of galaxies in each file of the inputs. A rank then opens its own files only.
///
/// The JSON has one line for each file, in the order of the inputs:
///
///     {"cai_index":1,"files":[
///     {"bytes":20938771,"galaxies":1024,"path":"s3://bucket/100MB/1.pt","version":"etag:9b2c..."},
///     ...
///     ]}
public struct GalaxyIndex: Sendable, Equatable {
    public struct File: Sendable, Equatable, Codable {
        /// As it was given, or an object's URL.
        public let path: String
        public let bytes: Int
        /// `etag:` and an object's ETag, or `crc32:` and the checksum of a local file's ends.
        public let version: String
        public let galaxies: Int
    }

    /// Each path once.
    public let files: [File]
    /// Of all files.
    public let galaxies: Int

    /// - Parameter name: the index, for errors.
    /// - Throws: `Failure` where a path is there twice, a file is empty or has no galaxies, or their sum overflows.
    init(_ files: [File], name: String) throws(Failure) {
        var (paths, sum) = (Set<String>(), 0)
        for file in files {
            guard paths.insert(file.path).inserted, file.bytes > 0, file.galaxies > 0 else {
                throw Failure(
                    name,
                    "\(file.path.shortened()): expected each file once, with bytes and galaxies, found it "
                        + (file.bytes > 0 && file.galaxies > 0
                            ? "twice" : "with \(file.bytes) bytes and \(file.galaxies) galaxies"))
            }
            sum = sum.cappedSum(file.galaxies)
        }
        guard sum < Int.max else { throw Failure(name, "the numbers of galaxies are too large to be added") }
        (self.files, galaxies) = (files, sum)
    }

    // MARK: JSON

    private struct Document: Decodable {
        let format: Int
        let files: [File]

        enum CodingKeys: String, CodingKey {
            case format = "cai_index"
            case files
        }
    }

    private static let format = 1

    /// - Parameter name: the index, for errors.
    /// - Throws: `Failure` for anything else than an index.
    public init(_ json: [UInt8], name: String) throws(Failure) {
        let document = try JSONFile.decode(Document.self, json, name: name)
        guard document.format == Self.format else {
            throw Failure(name, "cai_index: expected \(Self.format), found \(document.format)")
        }
        try self.init(document.files, name: name)
    }

    /// - Parameters:
    ///   - name: a path, or `s3://bucket/key`.
    ///   - store: has the object; nil for a path.
    public static func read(_ name: String, store: (any ObjectStore)?) throws(Failure) -> GalaxyIndex {
        guard let store, S3Location.isLocation(name) else { return try GalaxyIndex(FileBytes.read(name), name: name) }
        let location = try S3Location(name)
        let json: [UInt8]
        do throws(Failure) { json = try store.get(bucket: location.bucket, key: location.key) } catch {
            throw error.reading(name)
        }
        return try GalaxyIndex(json, name: name)
    }

    public var json: [UInt8] {
        get throws(Failure) {
            var bytes = Array("{\"cai_index\":\(Self.format),\"files\":[".utf8)
            for (index, file) in files.enumerated() {
                bytes += Array((index == 0 ? "\n" : ",\n").utf8)
                bytes += try JSONFile.encoded(file)
            }
            return bytes + Array("\n]}\n".utf8)
        }
    }
}

extension GalaxyIndex {
    /// Opens every file, of which the ends are read; those of the next objects are fetched meanwhile.
    /// - Parameter images: the name of the images; nil for the usual names.
    /// - Throws: `Failure` naming a file that cannot be read or has no galaxies.
    public init(counting inputs: GalaxyInputs, images: String? = nil) throws(Failure) {
        var files: [File] = []
        try inputs.forEach { input, file throws(Failure) in
            let galaxies = try file.countGalaxies(images: images)
            let version = try inputs.version(of: input.path)
            files.append(File(path: input.path, bytes: version.bytes, version: version.text, galaxies: galaxies))
            return true
        }
        try self.init(files, name: "the inputs")
    }

    // MARK: Use

    /// The index of the inputs, in their order. No file is opened: sizes are compared, and the ETags of objects.
    /// - Parameter name: the index, for errors.
    /// - Throws: `Failure` naming a file that the index lacks, that differs from it, or that is not one of the inputs.
    public func ordered(as inputs: GalaxyInputs, name: String) throws(Failure) -> GalaxyIndex {
        var left = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
        var ordered: [File] = []
        for input in inputs.files {
            guard let file = left.removeValue(forKey: input.path) else {
                throw Failure(input.path, "is not in \(name): \(Self.remedy)")
            }
            let (bytes, etag) = try inputs.listed(input.path)
            if bytes != file.bytes || etag ?? file.version != file.version {
                throw file.failure(name, found: "\(bytes) bytes" + (etag.map { ", \($0)" } ?? ""))
            }
            ordered.append(file)
        }
        if let other = files.first(where: { left[$0.path] != nil }) {
            throw Failure(name, "has \(other.path.shortened()), which is not one of the inputs: \(Self.remedy)")
        }
        return try GalaxyIndex(ordered, name: name)
    }

    /// Checks files that were opened.
    /// - Parameters:
    ///   - first: the index of the first of them among the inputs, in whose order `files` is.
    ///   - name: the index, for errors.
    /// - Throws: `Failure` naming a file whose size, version or number of galaxies differs.
    func check(_ opened: [RunIdentity.File], from first: Int = 0, name: String) throws(Failure) {
        for (file, found) in zip(files[first...], opened)
        where (file.bytes, file.version, file.galaxies) != (found.bytes, found.version, found.galaxies) {
            throw file.failure(
                name, found: "\(found.bytes) bytes, \(found.version), \(found.galaxies) galaxies")
        }
    }

    /// The files as a run that opened all of them would state them, but for the checksums of their contents.
    /// - Parameter inputs: in the order of `files`.
    func identities(of inputs: GalaxyInputs) -> [RunIdentity.File] {
        zip(inputs.files, files).map { input, file in
            RunIdentity.File(
                source: input.source, label: input.label, bytes: file.bytes, galaxies: file.galaxies,
                version: file.version, stamp: inputs.stamp(of: input.path), checksums: nil)
        }
    }

    fileprivate static let remedy = "run 'cai index' with these inputs again"
}

extension GalaxyIndex.File {
    fileprivate func failure(_ index: String, found: String) -> Failure {
        Failure(
            path,
            "is not the file that \(index) describes: expected \(bytes) bytes, \(version.shortened()), \(galaxies) "
                + "galaxies, found \(found): \(GalaxyIndex.remedy)")
    }
}
