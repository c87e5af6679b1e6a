/// A broken or hostile file, and words of its error.
public struct HostileFile: Sendable, CustomStringConvertible {
    public let name: String
    /// Extension of its file name, without the dot.
    public let ending: String
    /// Words that the error must contain.
    public let words: String
    /// Whether only the data of a tensor is damaged, so that the file opens where checksums are deferred.
    public let hasSoundHeaders: Bool
    public let make: @Sendable () -> [UInt8]

    init(
        _ name: String, _ ending: String, _ words: String, hasSoundHeaders: Bool = false,
        _ make: @escaping @Sendable () -> [UInt8]
    ) {
        self.name = name
        self.ending = ending
        self.words = words
        self.hasSoundHeaders = hasSoundHeaders
        self.make = make
    }

    public var description: String { name }
}

/// Files that must be refused with an error of one line, at low cost.
public enum HostileFiles {
    public static let all: [HostileFile] = calls + pickles + tensors + archives + older + safetensors + arrays + others

    static let others: [HostileFile] = [
        HostileFile("empty file", "pt", "is empty") { [] },
        HostileFile("one byte", "pt", "no known format") { [0x50] },
        HostileFile("text", "pt", "no known format") { Array("object_id,z_phot\n".utf8) },
        HostileFile("zeros", "safetensors", "no known format") { [UInt8](repeating: 0, count: 4096) },
    ]

    /// A PyTorch file whose pickle is made by `body` and ended by STOP.
    static func torch(
        _ name: String, _ words: String, protocol version: UInt8 = 2, storages: [[UInt8]] = [],
        _ body: @escaping @Sendable (inout PickleBuilder) -> Void
    ) -> HostileFile {
        HostileFile(name, "pt", words) {
            var pickle = PickleBuilder(protocol: version)
            body(&pickle)
            return ZipBuilder.torch(pickle.stopped, storages: storages).bytes
        }
    }
}
