import Platform
import Synchronization

/// The checksums of a local file's stored tensors, computed from pieces that threads read in any order.
public final class EntrySums: Sendable {
    private let source: any ByteSource
    private let members: [ZipMember]
    private let sums = Mutex<[Range<Int>: CRC32]>([:])

    private static let pieceSize = 1 << 20

    init(_ source: any ByteSource, _ members: [ZipMember]) { (self.source, self.members) = (source, members) }

    /// The bytes of a tensor's rows in the file.
    public struct Rows: Sendable {
        fileprivate let bytes: Range<Int>
        fileprivate let stride: Int
        fileprivate let count: Int

        /// From the first byte of `rows` to the first one of the row after them, or to the end of the last row.
        public subscript(_ rows: Range<Int>) -> Range<Int> {
            let end = rows.upperBound == count ? bytes.upperBound : bytes.lowerBound + rows.upperBound * stride
            return bytes.lowerBound + rows.lowerBound * stride..<end
        }
    }

    /// The rows of `tensor`; nil where they overlap, or are not read from one of these entries unconverted.
    public func rows(of tensor: TensorView) -> Rows? {
        // A source that converts the bytes of this one has offsets of its own.
        guard (tensor.source as AnyObject) === (source as AnyObject),
            let bytes = tensor.byteRange(rows: 0..<tensor.rows),
            members.contains(where: { $0.range.contains(bytes.lowerBound) && bytes.upperBound <= $0.range.upperBound })
        else { return nil }
        return Rows(bytes: bytes, stride: (tensor.strides.first ?? 0) * tensor.dtype.byteCount, count: tensor.rows)
    }

    /// The bytes of all entries but `ranges`, which ascend and do not overlap, in lists of about 1 MiB; empty where all of
    /// them are less: `compare` sums them.
    public func pieces(outside ranges: [Range<Int>]) -> [[Range<Int>]] {
        var pieces: [[Range<Int>]] = []
        var (piece, room) = ([Range<Int>](), Self.pieceSize)
        var inside = ranges[...]
        for member in members.map(\.range).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            var start = member.lowerBound
            while start < member.upperBound {
                while let first = inside.first, first.lowerBound <= start {
                    start = max(start, first.upperBound)
                    inside.removeFirst()
                }
                let end = min(member.upperBound, inside.first?.lowerBound ?? Int.max, start + room)
                guard start < end else { continue }
                piece.append(start..<end)
                room -= end - start
                start = end
                guard room == 0 else { continue }
                pieces.append(piece)
                (piece, room) = ([], Self.pieceSize)
            }
        }
        return pieces.isEmpty || piece.isEmpty ? pieces : pieces + [piece]
    }

    /// Hints that the bytes will be summed soon.
    public func prefetch(_ ranges: [Range<Int>]) { for range in ranges { source.prefetch(range) } }

    /// Sums the bytes of `range`, which are in one entry.
    /// - Throws: `Failure` where they cannot be read.
    public func add(_ range: Range<Int>) throws(Failure) {
        let sum = try source.checksum(of: range)
        sums.withLock { $0[range] = sum }
    }

    /// The same for several ranges, which are not read again soon.
    public func add(_ ranges: [Range<Int>]) throws(Failure) {
        for range in ranges {
            try add(range)
            source.release(range)
        }
    }

    /// Compares the checksums, after summing the bytes that no thread has summed. Call it once: it releases the sums.
    /// - Throws: `Failure` for the first damaged entry in the order of the tensors, or where bytes cannot be read.
    public func compare() throws(Failure) {
        let sums = sums.withLock { sums in
            defer { sums = [:] }
            return sums
        }
        var pieces = sums.sorted { $0.key.lowerBound < $1.key.lowerBound }[...]
        var whole = [CRC32](repeating: CRC32(), count: members.count)
        for index in members.indices.sorted(by: { members[$0].range.lowerBound < members[$1].range.lowerBound }) {
            let range = members[index].range
            var start = range.lowerBound
            while let (piece, sum) = pieces.first, piece.lowerBound < range.upperBound {
                pieces.removeFirst()
                // Of pieces that overlap, the first counts.
                guard piece.lowerBound >= start, piece.upperBound <= range.upperBound else { continue }
                try self.sum(start..<piece.lowerBound, into: &whole[index])
                whole[index].append(sum)
                start = piece.upperBound
            }
            try self.sum(start..<range.upperBound, into: &whole[index])
        }
        for (member, sum) in zip(members, whole) { try member.check(sum) }
    }

    private func sum(_ range: Range<Int>, into whole: inout CRC32) throws(Failure) {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceSize) {
            let piece = start..<min(start + Self.pieceSize, range.upperBound)
            whole.append(try source.checksum(of: piece))
            source.release(piece)
        }
    }
}

extension TensorFile {
    /// For threads that read the tensors and compute the checksums on the way. nil where `verifyChecksums` is to be called
    /// instead: for deflated entries, remote files, and formats without checksums.
    public func entrySums() -> EntrySums? {
        guard let source, !source.isRemote, !members.isEmpty, members.allSatisfy(\.isStored) else { return nil }
        return EntrySums(source, members)
    }
}
