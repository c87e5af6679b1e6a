import Inference
import Platform

/// The journal `OUT.partial` of an output that is being computed.
///
/// It keeps the finished galaxies when the run ends early, for any reason, and `--resume` continues from them.
struct PartialRun: Sendable {
    let journal: PredictionJournal
    let isResumed: Bool
    /// Options that rows depend on, by their names.
    let settings: [String: String]

    /// Opens and locks `OUT.partial`, and removes temporary files of killed processes beside it.
    /// - Returns: nil where the output is not a local file.
    /// - Throws: `Failure` where it has rows of an earlier run and `isResumed` is false.
    init?(_ output: OutputFile, isResumed: Bool, settings: [String: String]) throws(Failure) {
        guard output.isLocalFile else { return nil }
        // Beside the file itself, where OUT is a link to it.
        let target = AtomicFile.target(of: output.name)
        journal = try PredictionJournal(path: target + PredictionJournal.ending)
        (self.isResumed, self.settings) = (isResumed, settings)
        if !isResumed, try journal.hasRows {
            throw Failure(
                "\(journal.path): has finished galaxies of an unfinished run: resume with --resume; to start again, "
                    + "remove it")
        }
        for ending in ["", RunRecord.ending, RankSidecar.ending] {
            UnfinishedFiles.removeLeftovers(of: target + ending)
        }
    }

    /// The galaxies that an earlier run has finished; nil where there was none.
    /// - Throws: `Failure` where that run had other galaxies, weights or options.
    func begin(
        _ identity: RunIdentity, sections: [GalaxyRun.Section], _ events: some JobEvents
    ) throws(Failure) -> PredictionJournal.Earlier? {
        guard let text = journal.identity, try journal.hasRows else {
            try journal.begin(identity: identity.json)
            return nil
        }
        try identity.check(try RunIdentity(json: text, name: journal.path), name: journal.path)
        let count = sections.galaxyCount
        guard var earlier = try journal.replay(count: count) else { return nil }
        let last = try RunIdentity(json: earlier.identity, name: journal.path)
        try identity.checkFiles(since: last, sections: sections, finished: earlier.finished, name: journal.path)
        try recheck(identity, since: last, sections: sections, &earlier, events)
        if identity != last { try journal.restate(identity: identity.json) }
        return earlier
    }

    /// For files that were written since: has their checksums compared again, and drops the rows that checksums cannot prove
    /// to be rows of the file. Those are the rows of a file that has none, whose checksums were not compared when the rows
    /// were computed, or whose checksums have changed.
    private func recheck(
        _ identity: RunIdentity, since last: RunIdentity, sections: [GalaxyRun.Section],
        _ earlier: inout PredictionJournal.Earlier, _ events: some JobEvents
    ) throws(Failure) {
        var names: [String] = []
        let before = earlier.finished.count
        for file in identity.doubtfulFiles(since: last) where file < sections.count {
            let section = sections[file]
            let hasRows = earlier.finished.gaps(in: section.places) != [section.places]
            let isVerified = earlier.finished.verified.contains(section.places)
            if hasRows, !isVerified || !identity.statesSame(file, as: last) {
                try journal.drop(section.places, from: &earlier)
                names.append(section.partition.source)
            } else if isVerified {
                try journal.doubt(section.places, in: &earlier)
            }
        }
        guard let first = names.first else { return }
        let dropped = Numbers.counted(before - earlier.finished.count, "galaxy", "galaxies")
        events.warning(
            "\(first)" + (names.count == 1 ? "" : " and \(Numbers.counted(names.count - 1, "other file"))")
                + " may have changed since, and no checksum shows that it has not: \(dropped) had been finished and "
                + (before - earlier.finished.count == 1 ? "is" : "are") + " computed again")
    }

    /// The galaxies that are not finished: `7.pt rows 1024-9999, 8.pt, 9.pt and 14 more files`.
    static func rest(_ sections: [GalaxyRun.Section], without finished: FinishedGalaxies) -> String {
        let most = 8
        var parts: [String] = []
        var files = 0
        for section in sections {
            let gaps = finished.gaps(in: section.places)
            guard !gaps.isEmpty else { continue }
            files += 1
            guard files <= most else { continue }
            let name = section.partition.source
            guard gaps != [section.places] || section.count != section.partition.count else {
                parts.append(name)
                continue
            }
            let offset = section.rows.lowerBound - section.places.lowerBound
            let rows = gaps.prefix(most).map { "\($0.lowerBound + offset)-\($0.upperBound + offset - 1)" }
            parts.append("\(name) rows \(rows.joined(separator: ", "))" + (gaps.count > most ? ", ..." : ""))
        }
        if files > most { parts.append("and \(files - most) more files") }
        return parts.joined(separator: ", ")
    }
}
