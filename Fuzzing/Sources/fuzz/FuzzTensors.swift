import TestSupport

@testable import Platform
@testable import TensorFiles

extension FuzzTarget {
    /// `data.pkl` of a PyTorch file with a valid archive, with storages of 64, 4 and 0 bytes.
    static let pickle = FuzzTarget(
        "pickle", maximumLength: 4096,
        seeds: {
            let archives =
                try Seeds.fixtures("formats", [".pt"], atMost: 50_000)
                + Seeds.hostile([0x50, 0x4B], atMost: 50_000)
            return archives.compactMap { bytes in
                guard let archive = try? ZipArchive(MemorySource(name: "seed", bytes: bytes)),
                    let entry = archive.entries.first(where: { $0.name.hasSuffix("data.pkl") })
                else { return nil }
                return try? archive.withContents(of: entry) { $0.array(0..<$0.byteCount) }
            }
        },
        run: { bytes in
            let storages = (0..<6).map { [UInt8](repeating: 0x3F, count: [64, 64, 64, 64, 4, 0][$0]) }
            Reading.open(ZipBuilder.torch(bytes, storages: storages).bytes)
        })

    /// PyTorch's container before 1.6, and invalid pickles.
    static let torchLegacy = FuzzTarget(
        "torch-legacy", maximumLength: 4096,
        seeds: {
            try Seeds.fixtures("formats", ["legacy.pt", "protocol4.pt", "bare.pt"], atMost: 4096)
                + Seeds.hostile([0x80], atMost: 4096)
        }, run: { Reading.open($0) })

    /// safetensors. An input that begins with `{` is prefixed by the length of its header, which ends at the last `}`.
    static let safetensors = FuzzTarget(
        "safetensors", maximumLength: 4096,
        seeds: {
            let whole = try Seeds.fixtures("formats", [".safetensors"], atMost: 4096)
            let hostile = HostileFiles.all.filter { $0.ending == "safetensors" }.map { $0.make() }
            return (whole + hostile.filter { $0.count <= 4096 }).flatMap { [$0, Array($0.dropFirst(8))] }
        },
        run: { bytes in
            guard bytes.first == UInt8(ascii: "{"), let end = bytes.lastIndex(of: UInt8(ascii: "}")) else {
                return Reading.open(bytes)
            }
            var file = ByteBuilder()
            file.append(UInt64(end + 1))
            file.append(bytes)
            Reading.open(file.bytes)
        })

    /// `.npy`. An input that begins with `{` is prefixed by the bytes before a header, which ends at the end of the
    /// first line.
    static let npy = FuzzTarget(
        "npy", maximumLength: 2048,
        seeds: {
            let whole =
                try Seeds.fixtures("formats", [".npy"], atMost: 2048)
                + Seeds.hostile(NumPyFile.magic, atMost: 2048)
            return whole.flatMap { [$0, Array($0.dropFirst(10))] }
        },
        run: { bytes in
            guard bytes.first == UInt8(ascii: "{") else { return Reading.open(bytes) }
            let header = (bytes.firstIndex(of: 10) ?? bytes.count - 1) + 1
            var file = ByteBuilder()
            file.append(NumPyFile.magic + [1, 0])
            file.append(UInt16(header))
            file.append(bytes)
            Reading.open(file.bytes)
        })
}
