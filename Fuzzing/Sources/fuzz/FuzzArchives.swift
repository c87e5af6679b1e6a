import TestSupport

@testable import Platform
@testable import TensorFiles

extension FuzzTarget {
    /// Zip archives: reads every entry, then opens the archive as a file of tensors.
    static let zip = FuzzTarget(
        "zip", maximumLength: 10_000,
        seeds: {
            try Seeds.fixtures("formats", [".pt", ".npz"], atMost: 10_000)
                + Seeds.hostile([0x50, 0x4B], atMost: 10_000)
        },
        run: { bytes in
            Promise.refusal {
                let archive = try ZipArchive(MemorySource(name: "input", bytes: bytes))
                for entry in archive.entries {
                    Promise.keep(
                        entry.data.lowerBound >= 0 && entry.data.upperBound <= bytes.count, "an entry beyond the file")
                    Promise.refusal {
                        try archive.withContents(of: entry) { contents in
                            Promise.keep(contents.byteCount == entry.size, "the entry's size differs")
                        }
                    }
                }
            }
            Reading.open(bytes, checksums: .deferred)
        })

    /// DEFLATE data: the declared length (three bytes), then the data.
    static let deflate = FuzzTarget(
        "deflate", maximumLength: 4096,
        seeds: {
            [
                [5, 0, 0] + ZipBuilder.deflatedStored(Array("hello".utf8)),
                [3, 2, 0] + ZipBuilder.deflatedZeros(515), [0, 0, 0, 3, 0],
            ]
        },
        run: { bytes in
            guard bytes.count >= 3 else { return }
            let size = Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16
            let source = MemorySource(name: "input", bytes: bytes)
            var total = 0
            Promise.refusal {
                try Inflate.pieces(of: source, in: 3..<bytes.count, size: size, entry: "e") { piece in
                    total += piece.byteCount
                    return true
                }
                Promise.keep(total == size, "\(total) bytes of \(size)")
            }
            Promise.keep(total <= size, "more bytes than declared")
        })

    /// gzip with several members; the output of the writer is read again.
    static let gzip = FuzzTarget(
        "gzip", maximumLength: 4096,
        seeds: {
            let stream = GzipStream()
            let member = stream.deflate(Array("object_id,z_phot\n1,0.5\n".utf8)) + stream.finish()
            return [member, member + member] + (try Seeds.fixtures("galaxies", [".gz"], atMost: 4096))
        },
        run: { bytes in
            Promise.refusal {
                let source = MemorySource(name: "input", bytes: bytes)
                let isFITS = try Gzip.begins(source, with: FITSFile.magic)
                var head: [UInt8] = []
                try Gzip.inflate(source) { piece in
                    if head.count < 9 { head += piece.array(0..<min(9, piece.byteCount)) }
                    return true
                }
                Promise.keep(isFITS == head.starts(with: FITSFile.magic), "the first bytes differ")
            }
            let stream = GzipStream()
            let written = stream.deflate(bytes) + stream.finish()
            var again: [UInt8] = []
            Promise.refusal {
                try Gzip.inflate(MemorySource(name: "written", bytes: written)) { piece in
                    again += piece.array(0..<piece.byteCount)
                    return true
                }
            }
            Promise.keep(again == bytes, "the written bytes are read differently")
        })

    /// An `.npz` whose only member is the input, deflated or not, with valid checksums.
    static let npz = FuzzTarget(
        "npz", maximumLength: 4096,
        seeds: { try Seeds.fixtures("formats", [".npy"], atMost: 4000).flatMap { [[0] + $0, [1] + $0] } },
        run: { bytes in
            guard let kind = bytes.first else { return }
            var member = ZipBuilder.Entry("images.npy", Array(bytes.dropFirst()))
            if kind & 1 == 1 { member.deflate() }
            Reading.open(ZipBuilder([member, ZipBuilder.Entry("magnitudes.npy", member.data)]).bytes)
        })
}
