import Runs
import Inference
import Platform
import Report
import TensorFiles

/// An output that is being computed, and what is kept of it while that lasts: `OUT.partial`.
///
/// What was finished stays there when the run ends in its middle, in whatever way, and `--resume` goes on from it.
struct PartialRun {
    let journal: PredictionJournal
    let isResumed: Bool
    /// Options that rows depend on, by their names.
    let settings: [String: String]

    /// Takes hold of `OUT.partial`, and removes what killed processes left beside it.
    /// - Returns: nil where the output is no local file.
    /// - Throws: where it has rows of an earlier run and these are not asked for.
    init?(_ output: OutputFile, isResumed: Bool, settings: [String: String]) throws {
        guard output.isLocalFile else { return nil }
        // Beside the file itself, where OUT is a link to it.
        let target = AtomicFile.target(of: output.name)
        journal = try PredictionJournal(path: target + PredictionJournal.ending)
        (self.isResumed, self.settings) = (isResumed, settings)
        if !isResumed, try journal.hasRows {
            throw Failure(
                "\(journal.path): has finished galaxies of an unfinished run: --resume goes on with them; to begin anew, "
                    + "remove it")
        }
        UnfinishedFiles.removeLeftovers(of: target)
    }

    /// What an earlier run has finished; nil where there was none.
    /// - Throws: `Failure` where it was of other galaxies, weights or options.
    func begin(
        _ identity: RunIdentity, sections: [GalaxyRun.Section]
    ) throws -> PredictionJournal.Earlier? {
        guard let text = journal.identity, try journal.hasRows else {
            try journal.begin(identity: identity.json)
            return nil
        }
        try identity.check(try RunIdentity(json: text, name: journal.path), name: journal.path)
        let count = sections.galaxyCount
        guard var earlier = try journal.replay(count: count) else { return nil }
        let last = try RunIdentity(json: earlier.identity, name: journal.path)
        try identity.checkFiles(since: last, sections: sections, finished: earlier.finished, name: journal.path)
        try doubt(identity, since: last, sections: sections, &earlier)
        if identity != last { try journal.restate(identity: identity.json) }
        return earlier
    }

    /// Has checksums compared again of files that were written since, and takes back the rows that these cannot prove to be
    /// rows of such a file: it has none, they were not compared when the rows were made, or are others now.
    private func doubt(
        _ identity: RunIdentity, since last: RunIdentity, sections: [GalaxyRun.Section],
        _ earlier: inout PredictionJournal.Earlier
    ) throws {
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
        Console.report(
            "warning: \(first)" + (names.count == 1 ? "" : " and \(Numbers.counted(names.count - 1, "other file"))")
                + " may have changed since, and no checksums prove the opposite: \(dropped) had been done and "
                + (before - earlier.finished.count == 1 ? "is" : "are") + " computed again")
    }

    /// How far it came: `12,288 of 100,000 galaxies done, kept in z.csv.partial: --resume goes on with them`.
    static func text(_ reach: RunReach, keptIn journal: PredictionJournal?) -> String {
        if let journal, journal.isDone { return "every galaxy is in the output" }
        let total = reach.total.load(ordering: .relaxed)
        let done = journal?.finished.count ?? reach.done.load(ordering: .relaxed)
        guard total > 0 || done > 0 else { return "no galaxy done" }
        let text = Numbers.grouped(done) + " of " + Numbers.counted(max(total, done), "galaxy", "galaxies") + " done"
        guard done > 0 else { return text }
        guard let journal else { return text + ", and not kept: that takes an --output that is a file here" }
        return text + ", kept in \(journal.path): --resume goes on with them"
    }

    /// What is not finished: `7.pt rows 1024-9999, 8.pt, 9.pt and 14 more files`.
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
