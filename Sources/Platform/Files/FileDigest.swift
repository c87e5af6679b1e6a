extension SHA256Digest {
    /// Bytes and SHA-256 of a file, in hexadecimal digits.
    package static func ofFile(_ path: String) throws(Failure) -> (bytes: Int, sha256: String) {
        // An empty file cannot be mapped.
        if let file = try? OpenFile(path: path), file.size == 0 { return (0, SHA256Stream().finish()) }
        let file = try MappedFile(path: path)
        var digest = SHA256Stream()
        try file.forEachPiece { bytes throws(Failure) in digest.update(bytes) }
        return (file.byteCount, digest.finish())
    }
}

extension CRC32 {
    /// Bytes of a file, and the CRC-32 of its first and last `length` bytes. A zip archive (.pt, .npz) lists the checksums
    /// of all its entries at its end; a copy has the same sum, unlike times and inodes.
    package static func ofEnds(_ path: String, length: Int) throws(Failure) -> (bytes: Int, sum: CRC32) {
        let file = try MappedFile(path: path)
        let count = file.byteCount
        var sum = CRC32()
        for range in [0..<min(length, count), max(0, count - length)..<count] {
            try file.withBytes(in: range) { bytes throws(Failure) in sum.update(bytes) }
        }
        return (count, sum)
    }
}
