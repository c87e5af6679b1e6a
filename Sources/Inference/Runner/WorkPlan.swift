import Platform
import TensorFiles

/// A unit of one thread's work, on one section.
struct Chunk: Sendable {
    enum Kind: Sendable {
        /// Computes rows of the partition.
        /// - Parameters:
        ///   - place: the index of the first among all galaxies of the run.
        ///   - bytes: their images in the file, whose checksum is computed with them.
        case galaxies(Range<Int>, place: Int, bytes: Range<Int>?)
        /// Reads bytes of the file for its checksums alone.
        case bytes([Range<Int>])
        /// Inflates the partition's arrays, which compares their checksums.
        case inflation
    }

    let section: Int
    let kind: Kind
}

/// How a run compares the checksums of a section.
enum Verification: Sendable {
    /// Another run does, or an earlier one did.
    case none
    /// By a chunk of kind `inflation`.
    case inflation
    /// From the sums of all chunks, after the last of them.
    case sums(EntrySums)
    /// `PartitionReader.verify` after the last chunk: a remote partition is thus transferred once, in the order of the
    /// computation. Formats without checksums have nothing to compare.
    case last

    var isInflation: Bool { if case .inflation = self { true } else { false } }
}

/// The chunks of a run, in the order in which threads take them.
struct WorkPlan: Sendable {
    private(set) var chunks: [Chunk] = []
    /// Of each section.
    let verifications: [Verification]
    /// Of each section, the first chunk but for an inflation ahead of it; the number of chunks for a section without any.
    private(set) var first: [Int]
    /// The number of chunks with galaxies.
    private(set) var galaxyChunks = 0

    /// - Parameters:
    ///   - rows: the most galaxies of a chunk.
    ///   - threads: that take chunks at the same time.
    ///   - inflatedAhead: bytes of inflated files in memory, for each thread.
    init(
        _ sections: [GalaxyRun.Section], without finished: FinishedGalaxies, rows: Int, threads: Int,
        inflatedAhead: Int = 64 << 20
    ) {
        verifications = sections.map { Self.verification(of: $0, finished) }
        first = [Int](repeating: Int.max, count: sections.count)
        var inflations = Self.inflations(sections, verifications, threads: threads, bytes: threads * inflatedAhead)[...]
        for (index, section) in sections.enumerated() {
            while let next = inflations.first, next.position <= index {
                if next.section == index { first[index] = chunks.count }
                chunks.append(Chunk(section: next.section, kind: .inflation))
                inflations.removeFirst()
            }
            first[index] = min(first[index], chunks.count)
            append(section, index, without: finished, rows: rows)
        }
    }

    /// Appends the galaxies of a section, and the bytes that are read for checksums alone.
    private mutating func append(
        _ section: GalaxyRun.Section, _ index: Int, without finished: FinishedGalaxies, rows: Int
    ) {
        var sums: EntrySums?
        if case .sums(let some) = verifications[index] { sums = some }
        let bytes = sums.flatMap { section.partition.imageBytes($0) }
        var summed: [Range<Int>] = []
        let offset = section.rows.lowerBound - section.places.lowerBound
        let gaps = finished.gaps(in: section.places)
        for gap in gaps {
            for place in stride(from: gap.lowerBound, to: gap.upperBound, by: rows) {
                let own = place + offset..<min(place + rows, gap.upperBound) + offset
                let images = bytes?[own]
                if let images { summed.append(images) }
                chunks.append(Chunk(section: index, kind: .galaxies(own, place: place, bytes: images)))
                galaxyChunks += 1
            }
        }
        let pieces = sums?.pieces(outside: summed) ?? []
        for piece in pieces { chunks.append(Chunk(section: index, kind: .bytes(piece))) }
        guard gaps.isEmpty, pieces.isEmpty else { return }
        switch verifications[index] {
        case .sums, .last: chunks.append(Chunk(section: index, kind: .bytes([])))
        case .none, .inflation: break
        }
    }

    /// A file may have changed since an earlier run compared its checksums, whatever its times, so that a local one is
    /// compared again if galaxies of it are still to be computed; an object is known by its ETag.
    private static func verification(of section: GalaxyRun.Section, _ finished: FinishedGalaxies) -> Verification {
        let gaps = finished.gaps(in: section.places)
        let isVerified = finished.verified.contains(section.places)
        let partition = section.partition
        // Of the runs that share a partition one compares it; one that is resumed does, too.
        let isResumed = !gaps.isEmpty && gaps != [section.places] && !partition.isVerifiedLast
        guard section.isVerified || isResumed, !isVerified || !gaps.isEmpty && !partition.isVerifiedLast else {
            return .none
        }
        if let sums = partition.entrySums() { return .sums(sums) }
        return partition.inflatedByteCount > 0 ? .inflation : .last
    }

    /// Sections to inflate, in order, with the section before whose first chunk each is inflated: at least the one before
    /// it, so that other threads compute meanwhile, and earlier ones while those in memory together take no more than
    /// `bytes` and are at most as many as the threads.
    private static func inflations(
        _ sections: [GalaxyRun.Section], _ verifications: [Verification], threads: Int, bytes: Int
    ) -> [(section: Int, position: Int)] {
        var found: [(section: Int, position: Int)] = []
        let sizes = sections.map(\.partition.inflatedByteCount)
        var (position, size) = (0, 0)
        for (index, verification) in verifications.enumerated() {
            size = size.addingReportingOverflow(sizes[index]).partialValue
            // The bytes of a remote partition are transferred in order, into limited memory.
            while position < index - 1,
                size > bytes || index - position > threads || sections[index].partition.isRemote
            {
                size -= sizes[position]
                position += 1
            }
            if verification.isInflation { found.append((index, position)) }
        }
        return found
    }
}
